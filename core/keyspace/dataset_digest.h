#pragma once

#include "core/base/sha1.h"
#include "core/keyspace/databases.h"

namespace tarn {

// Digests of what is stored, whatever it is stored as: two servers, or one before and after a
// restart, hold the same if the digests are the same. They are those of Redis's DEBUG DIGEST.
//
// A digest is made by two steps on 20 bytes D that start as zeros, SHA1 being the hash of FIPS 180:
//
//     add(x):  D = D xor SHA1(x)             the order of what is added does not matter
//     mix(x):  D = SHA1(D xor SHA1(x))       the order of what is mixed does
//
// A value's digest mixes the type's number (32 bits, big endian), mixes or adds what the value
// consists of, depending on whether its order counts, and adds "!!expire!!" if there is a deadline.
// A key's mixes the name first. The dataset's mixes, for each database that is not empty, its
// number (32 bits, big endian), and adds the digest of each of its keys.

// A value with whether it has a deadline, without its name.
Sha1::Digest value_digest(const Entry& entry);

// All databases; only zeros if they are empty.
Sha1::Digest dataset_digest(const Databases& databases);

}  // namespace tarn

#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

namespace tarn {

class BlobRef;

// A large string in memory of its own, shared by reference: between the keyspace, replies that are
// still on their way out and requests that are still coming in. So a large value is never copied to
// be read, and is freed when its last reader is done. Whoever wants to change the bytes must be the
// only holder (see BlobRef::unique).
class Blob {
 public:
  // The bytes are uninitialised. Size starts at `size`, capacity is at least `capacity`.
  static BlobRef allocate(std::size_t size, std::size_t capacity);
  static BlobRef copy(std::string_view bytes);
  // Moves the blob to other memory (see MallocSlabs). REQUIRES: blob.unique()
  static BlobRef move(BlobRef blob);

  char* data() { return reinterpret_cast<char*>(this + 1); }
  const char* data() const { return reinterpret_cast<const char*>(this + 1); }
  std::size_t size() const { return size_; }
  std::size_t capacity() const { return capacity_; }
  std::string_view view() const { return {data(), size_}; }

  // REQUIRES: size <= capacity()
  void set_size(std::size_t size);

  // Whether to read so many bytes of the keyspace's by reference, instead of copying them. As the
  // blob counts its references, one costs a page while a child shares them, which is copied then:
  // it must spare many.
  static bool deserves_reference(std::size_t bytes) { return bytes >= referenced_bytes_; }
  static void pages_are_shared(bool shared) {
    referenced_bytes_ = shared ? kReferencedBytesShared : kReferencedBytes;
  }

  // Bytes of memory that all blobs of the process hold.
  static std::size_t total_bytes();
  std::size_t memory_bytes() const;

 private:
  friend class BlobRef;

  static constexpr std::size_t kReferencedBytes = 2 * 1024;
  static constexpr std::size_t kReferencedBytesShared = 128 * 1024;
  static inline std::size_t referenced_bytes_ = kReferencedBytes;

  Blob(std::size_t size, std::size_t capacity) : size_(size), capacity_(capacity) {}
  static BlobRef construct(void* memory, std::size_t size);
  void add_reference() { references_.fetch_add(1, std::memory_order_relaxed); }
  void drop_reference() {
    if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) destroy(this);
  }
  static void destroy(Blob* blob);

  std::atomic<std::size_t> references_ = 1;
  std::size_t size_;
  std::size_t capacity_;
};

// Holds one reference. Counting is thread-safe, since a flushed keyspace is taken down on a helper
// thread while replies may still read from its blobs; the bytes themselves are not guarded.
class BlobRef {
 public:
  BlobRef() = default;
  BlobRef(const BlobRef& other) : blob_(other.blob_) {
    if (blob_ != nullptr) blob_->add_reference();
  }
  BlobRef(BlobRef&& other) noexcept : blob_(std::exchange(other.blob_, nullptr)) {}
  BlobRef& operator=(BlobRef other) noexcept {
    std::swap(blob_, other.blob_);
    return *this;
  }
  ~BlobRef() { reset(); }

  void reset() {
    if (Blob* blob = std::exchange(blob_, nullptr); blob != nullptr) blob->drop_reference();
  }

  explicit operator bool() const { return blob_ != nullptr; }
  Blob* operator->() const { return blob_; }
  Blob& operator*() const { return *blob_; }
  bool unique() const { return blob_->references_.load(std::memory_order_acquire) == 1; }

  // For storage as a bare pointer: detach() gives the reference away, attach() takes it back, and
  // share() adds one to a pointer that stays where it is.
  Blob* detach() { return std::exchange(blob_, nullptr); }
  static BlobRef attach(Blob* blob) { return BlobRef(blob); }
  static BlobRef share(Blob* blob) {
    blob->add_reference();
    return BlobRef(blob);
  }

 private:
  friend class Blob;
  explicit BlobRef(Blob* blob) : blob_(blob) {}

  Blob* blob_ = nullptr;
};

}  // namespace tarn

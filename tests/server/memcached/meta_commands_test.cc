#include <doctest/doctest.h>

#include "server/memcached/key_code.h"
#include "tests/server/memcached/memcached_fixture.h"

using namespace tarn;

TEST_CASE("base64 is decoded strictly") {
  CHECK(decode_base64("YWJj") == "abc");
  CHECK(decode_base64("YWI=") == "ab");
  CHECK(decode_base64("YQ==") == "a");
  CHECK(decode_base64("AP//") == std::string("\0\xff\xff", 3));
  for (const char* text : {"", "YQ", "YQ=", "Y===", "====", "YW=j", "!!!!", "YWJ ", "YQ==YQ=="}) {
    CAPTURE(text);
    CHECK_FALSE(decode_base64(text).has_value());
  }
}

TEST_CASE("mg answers what its flags ask for, in their order") {
  MemcachedFixture server;
  CHECK(server.send("mg a v\r\nmg a v q\r\nmg a k Oxy v\r\nmn\r\n") == "EN|EN ka Oxy|MN|");
  server.send("set a 5 0 3\r\nxyz\r\n");
  CHECK(server.send("mg a\r\nmg a v\r\nmg a s v f t k Oabc\r\n") ==
        "HD|VA 3|xyz|VA 3 s3 f5 t-1 ka Oabc|xyz|");
  CHECK(server.send("mg a q\r\n") == "HD|");
  server.send("set a 0 100 1\r\nx\r\n");
  server.clock.advance_ms(2000);
  CHECK(server.send("mg a u h l t\r\nmg a h l t\r\nmg a h l\r\n") ==
        "HD h0 l2 t98|HD h0 l2 t98|HD h1 l0|");
  CHECK(server.send("mg a t T30 k\r\nmg a T40 t\r\n") == "HD t98 ka|HD t40|");
  CHECK(server.send("mg a T-1 v\r\nmg a\r\n") == "VA 1|x|EN|");
}

TEST_CASE("where uses are counted, the time since the last one is told in minutes") {
  MemcachedFixture server;
  server.databases.access_policy().tracks_frequency = true;
  server.send("set a 0 0 1\r\nx\r\n");
  CHECK(server.send("mg a u l\r\n") == "HD l0|");
  server.clock.advance_ms(10 * 60'000);
  CHECK(server.send("me a\r\n").find(" la=600 ") != std::string::npos);
  CHECK(server.send("mg a l\r\nmg a l\r\n") == "HD l600|HD l0|");
}

TEST_CASE("keys may come in base64") {
  MemcachedFixture server;
  CHECK(server.send("ms YWJj 1 b k\r\nx\r\nget abc\r\n") == "HD kYWJj b|VALUE abc 0 1|x|END|");
  CHECK(server.send("mg YWJj b k v\r\nmg YWJj b\r\n") == "VA 1 kYWJj b|x|HD|");
  CHECK(server.send("mg !!! b\r\nms !!! 1 b\r\nx\r\n") ==
        "CLIENT_ERROR error decoding key|CLIENT_ERROR error decoding key|");
  CHECK(server.send("ma MQ== b N0 v\r\nmd MQ== b k\r\n") == "VA 1|0|HD kMQ== b|");

  // 300 bytes, as no client may send them plain.
  std::string encoded;
  for (int i = 0; i < 100; ++i) encoded += "YWJj";
  CHECK(server.send("ms " + encoded + " 1 b\r\nx\r\n") ==
        "CLIENT_ERROR bad command line format|ERROR|");
  for (const std::string verb : {"mg ", "md ", "ma ", "me "}) {
    CAPTURE(verb);
    CHECK(server.send(verb + encoded + " b\r\n") == "CLIENT_ERROR bad command line format|");
  }
  CHECK(server.send("mg " + encoded + " b N30\r\n") == "CLIENT_ERROR bad command line format|");
  server.set_option("memcached-max-key-size", "1024");
  CHECK(server.send("ms " + encoded + " 1 b\r\nx\r\nmg " + encoded + " b v\r\n") == "HD|VA 1|x|");
  CHECK(server.send("get " + std::string(251, 'k') + "\r\n") ==
        "CLIENT_ERROR bad command line format|");
}

TEST_CASE("ms stores in its modes") {
  MemcachedFixture server;
  CHECK(server.send("ms a 1 MR\r\nx\r\nms a 1 MA k\r\nx\r\nms a 1 C5 c\r\nx\r\n") ==
        "NS|NS ka|NF c0|");
  CHECK(server.send("ms a 1 ME F7 T10 q\r\nb\r\nms a 1 ME q Oz\r\nb\r\n") == "NS Oz|");
  CHECK(server.send("ms a 1 MA s\r\nc\r\nms a 1 MP s\r\na\r\nmg a v f t\r\n") ==
        "HD s2|HD s3|VA 3 f7 t10|abc|");
  CHECK(server.send("ms a 1 MS E100 c\r\nx\r\nms a 1 C99 c\r\ny\r\nms a 1 C100 E7 c\r\nz\r\n") ==
        "HD c100|EX c0|HD c7|");
  CHECK(server.send("ms b 1 MA N30\r\nx\r\nmg b v t\r\n") == "HD|VA 1 t30|x|");
  CHECK(server.send("ms a 1 MX\r\nx\r\nms a 1 M\r\nx\r\nms a 1 Tx\r\nx\r\nms a 1 Fx\r\nx\r\n"
                    "ms a 1 !\r\nx\r\nms a 1 k k\r\nx\r\n") ==
        "CLIENT_ERROR invalid mode for ms M token|CLIENT_ERROR incorrect length for M token|"
        "CLIENT_ERROR bad token in command line format|CLIENT_ERROR bad command line format|"
        "CLIENT_ERROR invalid flag|CLIENT_ERROR duplicate flag|");
  CHECK(server.send("ms a 1 T-1\r\nx\r\nmg a\r\n") == "HD|EN|");
}

TEST_CASE("of several faults in a store, the first is told") {
  MemcachedFixture server;
  CHECK(server.send("ms a 1 !\r\nversion\r\nms a 1 MX\r\nxyz\r\n") ==
        "CLIENT_ERROR invalid flag|ERROR|CLIENT_ERROR invalid mode for ms M token|ERROR|");
  CHECK(server.send("ms a 1 q\r\nxyz\r\nmg a\r\n") == "CLIENT_ERROR bad data chunk|ERROR|EN|");
  server.set_option("memcached-max-item-size", "1024");
  const std::string value(2000, 'v');
  server.send("set a 0 0 1\r\nx\r\n");
  CHECK(server.send("ms a 2000 !\r\n" + value + "\r\nmg a v\r\n") ==
        "CLIENT_ERROR invalid flag|VA 1|x|");
}

TEST_CASE("one client wins the right to make a missing item") {
  MemcachedFixture server;
  CHECK(server.send("mg a N30 v t\r\nmg a N30 v t\r\nmg a v\r\n") ==
        "VA 0 t30 W||VA 0 t30 Z||VA 0 Z||");
  CHECK(server.send("ms a 1\r\nx\r\nmg a N30 v\r\n") == "HD|VA 1|x|");
}

TEST_CASE("one client wins the right to make an item anew before it expires") {
  MemcachedFixture server;
  server.send("set a 0 100 1\r\nx\r\n");
  CHECK(server.send("mg a R100 t\r\nmg a R101 t\r\nmg a R101 t\r\n") ==
        "HD t100|HD t100 W|HD t100 Z|");
  server.send("set a 0 0 1\r\nx\r\n");
  CHECK(server.send("mg a R1000\r\n") == "HD|");
}

TEST_CASE("R looks at the time that a T before it gives") {
  MemcachedFixture server;
  server.send("ms a 1 T1000\r\nx\r\n");
  CHECK(server.send("mg a T2000 R1500 t\r\n") == "HD t2000|");
  CHECK(server.send("mg a R1500 T100 t\r\n") == "HD t100|");
  CHECK(server.send("mg a T50 R60 t\r\n") == "HD t50 W|");
  CHECK(server.send("ms b 1\r\nx\r\nmg b T-1 R30\r\nmg b\r\n") == "HD|HD W|EN|");
}

TEST_CASE("a store with a CAS that is too old leaves the expiry") {
  MemcachedFixture server;
  server.send("ms a 1 T100 E50\r\nx\r\n");
  CHECK(server.send("ms a 1 C49 I T-1\r\ny\r\nmg a v t\r\n") == "HD|VA 1 t100 X W|y|");
  server.send("ms a 1 E50\r\nx\r\n");
  CHECK(server.send("ms a 1 C49 I T100\r\ny\r\nmg a v t\r\n") == "HD|VA 1 t-1 X W|y|");
}

TEST_CASE("an invalidated item serves as stale until somebody stores it") {
  MemcachedFixture server;
  CHECK(server.send("md a I\r\n") == "NF|");
  server.send("ms a 1 T100 E50 F3\r\nx\r\n");
  CHECK(server.send("md a I T30 C49\r\n") == "EX|");
  CHECK(server.send("md a I T30 C50 q\r\nmg a v t f\r\nmg a v\r\n") ==
        "VA 1 t30 f3 X W|x|VA 1 Z X|x|");
  CHECK(server.send("ms a 1\r\ny\r\nmg a v\r\n") == "HD|VA 1|y|");

  SUBCASE("by a store with a CAS that is too old") {
    server.send("ms a 1 E50\r\nx\r\n");
    CHECK(server.send("ms a 1 C40\r\ny\r\nms a 1 C40 I\r\ny\r\nmg a v\r\n") == "EX|HD|VA 1 X W|y|");
    server.send("ms a 1 E50\r\nx\r\n");
    CHECK(server.send("ms a 1 C60 I\r\ny\r\n") == "EX|");
    // What extends an item is not an older version of it.
    CHECK(server.send("ms a 1 MA C40 I\r\nz\r\nms a 1 MP C40 I\r\nz\r\n") == "EX|EX|");
  }
  SUBCASE("its value can go at once") {
    server.send("ms a 1 F3\r\nx\r\n");
    CHECK(server.send("md a x\r\nmg a v f\r\n") == "HD|VA 0 f0||");
    CHECK(server.send("md a x I E9\r\nmg a v c\r\n") == "HD|VA 0 c9 X W||");
  }
}

TEST_CASE("md deletes") {
  MemcachedFixture server;
  server.send("ms a 1 E5\r\nx\r\n");
  CHECK(server.send("md a C4\r\nmd a C5 k Oz\r\nmd a q\r\n") == "EX|HD ka Oz|NF|");
  CHECK(server.send("md a !\r\nmd a k k\r\nmd a Cx\r\nmd a b\r\n") ==
        "CLIENT_ERROR invalid or duplicate flag|CLIENT_ERROR invalid or duplicate flag|"
        "CLIENT_ERROR invalid or duplicate flag|CLIENT_ERROR invalid or duplicate flag|");
}

TEST_CASE("ma counts") {
  MemcachedFixture server;
  CHECK(server.send("ma n\r\nma n q\r\n") == "NF|NF|");
  CHECK(server.send("ma n N30 J13 v t\r\nma n N30 J13 v t\r\n") == "VA 2 t30|13|VA 2 t30|14|");
  CHECK(server.send("ma n D5 v\r\nma n MD D3 v k\r\nma n M+\r\nma n M- D100 v\r\n") ==
        "VA 2|19|VA 2 kn|16|HD|VA 1|0|");
  CHECK(server.send("ma n T50 t\r\nma n q v\r\nma n E9 c\r\nma n C8\r\nma n C9 v\r\n") ==
        "HD t50|HD c9|EX|VA 1|4|");
  CHECK(server.send("ma n MX\r\nma n Dx\r\n") ==
        "CLIENT_ERROR invalid mode for ma M token|CLIENT_ERROR invalid or duplicate flag|");
}

TEST_CASE("me shows an item") {
  MemcachedFixture server;
  server.send("ms a 1 T100 E5\r\nx\r\n");
  const std::string shown = server.send("me a\r\n");
  CHECK(shown.starts_with("ME a exp=-100 la=0 cas=5 fetch=no cls=1 size="));
  CHECK(server.send("me b\r\nme\r\n") == "EN|CLIENT_ERROR bad command line format|");
}

TEST_CASE("there are bounds to flags") {
  MemcachedFixture server;
  const std::string opaque(31, 'o');
  CHECK(server.send("mg a O" + opaque + "\r\n") == "EN O" + opaque + "|");
  CHECK(server.send("mg a Oo" + opaque + "\r\nmd a Oo" + opaque + "\r\n") ==
        "CLIENT_ERROR opaque token too long|CLIENT_ERROR opaque token too long|");
  const std::string many = "k v s t f c h l q u b O1 N1 R1 T1 C1 E1 D1";
  CHECK(server.send("mg a " + many + "\r\nmd a " + many + "\r\n") ==
        "CLIENT_ERROR options flags are too long|CLIENT_ERROR options flags too long|");
}

// hiredis, the C client, against the server of with_server.py: one call at a time, pipelines, large
// binary values, inline requests, errors, the Unix socket and the asynchronous interface.

#include <errno.h>
#include <hiredis/async.h>
#include <hiredis/hiredis.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHECK(condition)                                                      \
  do {                                                                        \
    if (!(condition)) {                                                       \
      fprintf(stderr, "%s:%d: failed: %s\n", __FILE__, __LINE__, #condition); \
      exit(EXIT_FAILURE);                                                     \
    }                                                                         \
  } while (0)

static redisContext* connect_tcp(void) {
  redisContext* c = redisConnect(getenv("TARN_HOST"), atoi(getenv("TARN_PORT")));
  CHECK(c != NULL && c->err == 0);
  return c;
}

static int small_scale(void) {
  const char* scale = getenv("TARN_TEST_SCALE");
  return scale != NULL && strcmp(scale, "small") == 0;
}

// Each expect_* consumes the reply.

static void expect_status(redisReply* reply, const char* text) {
  CHECK(reply != NULL && reply->type == REDIS_REPLY_STATUS);
  CHECK(strcmp(reply->str, text) == 0);
  freeReplyObject(reply);
}

static void expect_string(redisReply* reply, const char* bytes, size_t size) {
  CHECK(reply != NULL && reply->type == REDIS_REPLY_STRING);
  CHECK((size_t)reply->len == size && memcmp(reply->str, bytes, size) == 0);
  freeReplyObject(reply);
}

static void expect_integer(redisReply* reply, long long number) {
  CHECK(reply != NULL && reply->type == REDIS_REPLY_INTEGER && reply->integer == number);
  freeReplyObject(reply);
}

static void expect_nil(redisReply* reply) {
  CHECK(reply != NULL && reply->type == REDIS_REPLY_NIL);
  freeReplyObject(reply);
}

static void expect_error(redisReply* reply, const char* beginning) {
  CHECK(reply != NULL && reply->type == REDIS_REPLY_ERROR);
  CHECK(strncmp(reply->str, beginning, strlen(beginning)) == 0);
  freeReplyObject(reply);
}

static redisReply* next_reply(redisContext* c) {
  void* reply = NULL;
  CHECK(redisGetReply(c, &reply) == REDIS_OK);
  return reply;
}

// --- One call at a time
// ----------------------------------------------------------------------------

static void test_calls(redisContext* c) {
  expect_status(redisCommand(c, "PING"), "PONG");
  expect_status(redisCommand(c, "SET %s %s", "greeting", "hello world"), "OK");
  expect_string(redisCommand(c, "GET greeting"), "hello world", 11);
  expect_nil(redisCommand(c, "GET nothing"));
  expect_integer(redisCommand(c, "INCRBY number %lld", 1LL << 62), 1LL << 62);
  expect_integer(redisCommand(c, "EXPIRE number 100"), 1);
  expect_integer(redisCommand(c, "SETBIT bits 100 1"), 0);
  expect_integer(redisCommand(c, "DEL greeting number bits nothing"), 3);
}

static void test_arrays(redisContext* c) {
  expect_status(redisCommand(c, "MSET a 1 b 2"), "OK");
  redisReply* reply = redisCommand(c, "MGET a nothing b");
  CHECK(reply != NULL && reply->type == REDIS_REPLY_ARRAY && reply->elements == 3);
  CHECK(strcmp(reply->element[0]->str, "1") == 0);
  CHECK(reply->element[1]->type == REDIS_REPLY_NIL);
  CHECK(strcmp(reply->element[2]->str, "2") == 0);
  freeReplyObject(reply);

  reply = redisCommand(c, "SCAN 0 COUNT 100");
  CHECK(reply != NULL && reply->type == REDIS_REPLY_ARRAY && reply->elements == 2);
  CHECK(strcmp(reply->element[0]->str, "0") == 0 && reply->element[1]->elements == 2);
  freeReplyObject(reply);
}

static void test_errors(redisContext* c) {
  expect_error(redisCommand(c, "NOSUCH a"), "ERR unknown command 'NOSUCH'");
  expect_error(redisCommand(c, "GET"), "ERR wrong number of arguments for 'get' command");
  expect_status(redisCommand(c, "SET word abc"), "OK");
  expect_error(redisCommand(c, "INCR word"), "ERR value is not an integer");
  expect_status(redisCommand(c, "PING"), "PONG");
}

static void test_large_binary_values(redisContext* c) {
  const size_t sizes[] = {0, 1, 32767, 32768, 1 << 20, small_scale() ? 2 << 20 : 64 << 20};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    char* bytes = malloc(sizes[i] + 1);
    CHECK(bytes != NULL);
    for (size_t j = 0; j < sizes[i]; j++) bytes[j] = (char)(j * 31 + i);
    expect_status(redisCommand(c, "SET %b %b", "la\0rge", (size_t)6, bytes, sizes[i]), "OK");
    expect_string(redisCommand(c, "GET %b", "la\0rge", (size_t)6), bytes, sizes[i]);
    free(bytes);
  }
}

// --- Pipelines
// -------------------------------------------------------------------------------------

static void test_pipeline(redisContext* c) {
  const int count = small_scale() ? 1000 : 20000;
  for (int i = 0; i < count; i++) {
    redisAppendCommand(c, "SET key:%d %d", i, i);
    redisAppendCommand(c, "INCR key:%d", i);
  }
  for (int i = 0; i < count; i++) {
    expect_status(next_reply(c), "OK");
    expect_integer(next_reply(c), i + 1);
  }
}

static void test_inline_requests(redisContext* c) {
  const char requests[] = "SET inline \"two words\"\r\nGET inline\r\n\r\nGET 'inline'\nPING\r\n";
  CHECK(write(c->fd, requests, sizeof requests - 1) == (ssize_t)(sizeof requests - 1));
  expect_status(next_reply(c), "OK");
  expect_string(next_reply(c), "two words", 9);
  expect_string(next_reply(c), "two words", 9);
  expect_status(next_reply(c), "PONG");
}

static void test_a_request_in_single_bytes(redisContext* c) {
  const char request[] = "*3\r\n$3\r\nSET\r\n$4\r\nslow\r\n$5\r\nvalue\r\n";
  for (size_t i = 0; i < sizeof request - 1; i++) CHECK(write(c->fd, request + i, 1) == 1);
  expect_status(next_reply(c), "OK");
  expect_string(redisCommand(c, "GET slow"), "value", 5);
}

static void test_protocol_error_closes(void) {
  redisContext* c = connect_tcp();
  const char request[] = "*1\r\n$x\r\n";
  CHECK(write(c->fd, request, sizeof request - 1) == (ssize_t)(sizeof request - 1));
  expect_error(next_reply(c), "ERR Protocol error: invalid bulk length");
  void* reply = NULL;
  CHECK(redisGetReply(c, &reply) == REDIS_ERR && c->err == REDIS_ERR_EOF);
  redisFree(c);
}

static void test_unix_socket(void) {
  redisContext* c = redisConnectUnix(getenv("TARN_SOCKET"));
  CHECK(c != NULL && c->err == 0);
  expect_status(redisCommand(c, "SET via socket"), "OK");
  expect_string(redisCommand(c, "GET via"), "socket", 6);
  redisFree(c);
}

// --- The asynchronous interface
// --------------------------------------------------------------------

// hiredis tells an event loop what to wait for; this one is poll() on a single connection.
struct Loop {
  short events;
};

static void add_read(void* loop) { ((struct Loop*)loop)->events |= POLLIN; }
static void del_read(void* loop) { ((struct Loop*)loop)->events &= ~POLLIN; }
static void add_write(void* loop) { ((struct Loop*)loop)->events |= POLLOUT; }
static void del_write(void* loop) { ((struct Loop*)loop)->events &= ~POLLOUT; }
static void stop_waiting(void* loop) { ((struct Loop*)loop)->events = 0; }

static int connected = 0;
static int disconnected = 0;
static long long answers = 0;

static void on_connect(const redisAsyncContext* c, int status) {
  (void)c;
  CHECK(status == REDIS_OK);
  connected = 1;
}

static void on_disconnect(const redisAsyncContext* c, int status) {
  (void)c;
  CHECK(status == REDIS_OK);
  disconnected = 1;
}

static void on_number(redisAsyncContext* c, void* reply, void* last) {
  CHECK(reply != NULL && ((redisReply*)reply)->integer == ++answers);
  if (last != NULL) redisAsyncDisconnect(c);
}

static void test_asynchronous_calls(void) {
  struct Loop loop = {0};
  redisAsyncContext* c = redisAsyncConnect(getenv("TARN_HOST"), atoi(getenv("TARN_PORT")));
  CHECK(c != NULL && c->err == 0);
  c->ev.data = &loop;
  c->ev.addRead = add_read;
  c->ev.delRead = del_read;
  c->ev.addWrite = add_write;
  c->ev.delWrite = del_write;
  c->ev.cleanup = stop_waiting;
  redisAsyncSetConnectCallback(c, on_connect);
  redisAsyncSetDisconnectCallback(c, on_disconnect);

  const int count = small_scale() ? 1000 : 20000;
  for (int i = 1; i <= count; i++) {
    CHECK(redisAsyncCommand(c, on_number, i == count ? c : NULL, "INCR async") == REDIS_OK);
  }
  const int fd = c->c.fd;
  while (!disconnected) {
    struct pollfd waited = {.fd = fd, .events = loop.events, .revents = 0};
    CHECK(poll(&waited, 1, 30000) == 1 || errno == EINTR);
    if (waited.revents & POLLOUT) redisAsyncHandleWrite(c);
    if (!disconnected && waited.revents & (POLLIN | POLLHUP | POLLERR)) redisAsyncHandleRead(c);
  }
  CHECK(connected && answers == count);
}

int main(void) {
  redisContext* c = connect_tcp();
  expect_status(redisCommand(c, "FLUSHALL"), "OK");
  test_calls(c);
  test_arrays(c);
  test_errors(c);
  test_large_binary_values(c);
  test_pipeline(c);
  test_inline_requests(c);
  test_a_request_in_single_bytes(c);
  redisFree(c);
  test_protocol_error_closes();
  test_unix_socket();
  test_asynchronous_calls();
  puts("hiredis: all tests passed");
  return EXIT_SUCCESS;
}

/*
 * The C client (multi-threaded) walks through the interop steps; see the README of the directory
 * above. A failed check prints its step and ends the process.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <zookeeper/zookeeper.h>

enum { TIMEOUT_MS = 15000, PATIENCE_S = 30, PATH_MAX_BYTES = 256, EVENTS_MAX = 256 };

static const char *step_name = "start";
static const char *hosts;
static const char *root;
static char scratch[PATH_MAX_BYTES];

#define CHECK(condition)                                              \
  do {                                                                \
    if (!(condition)) {                                               \
      printf("failed %s: line %d: %s\n", step_name, __LINE__, #condition); \
      fflush(stdout);                                                 \
      _exit(1);                                                       \
    }                                                                 \
  } while (0)

#define CHECK_CODE(wanted, expression)                                            \
  do {                                                                            \
    int code_ = (expression);                                                     \
    if (code_ != (wanted)) {                                                      \
      printf("failed %s: line %d: %s: %s\n", step_name, __LINE__, #expression, zerror(code_)); \
      fflush(stdout);                                                             \
      _exit(1);                                                                   \
    }                                                                             \
  } while (0)

/* Events of one client or one watch, in the order in which they came. */
typedef struct {
  pthread_mutex_t mutex;
  pthread_cond_t changed;
  int types[EVENTS_MAX];
  int count;
  int taken;
  int is_connected;
} events_t;

#define EVENTS_INIT { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, {0}, 0, 0, 0 }

static void on_event(zhandle_t *zh, int type, int state, const char *path, void *context) {
  events_t *events = context;
  (void)zh;
  (void)path;
  pthread_mutex_lock(&events->mutex);
  if (type == ZOO_SESSION_EVENT) {
    events->is_connected = state == ZOO_CONNECTED_STATE;
  } else if (events->count < EVENTS_MAX) {
    events->types[events->count++] = type;
  }
  pthread_cond_broadcast(&events->changed);
  pthread_mutex_unlock(&events->mutex);
}

static struct timespec deadline(void) {
  struct timespec until;
  clock_gettime(CLOCK_REALTIME, &until);
  until.tv_sec += PATIENCE_S;
  return until;
}

static void await_connected(events_t *events, int wanted) {
  struct timespec until = deadline();
  pthread_mutex_lock(&events->mutex);
  while (events->is_connected != wanted) {
    CHECK(pthread_cond_timedwait(&events->changed, &events->mutex, &until) != ETIMEDOUT);
  }
  pthread_mutex_unlock(&events->mutex);
}

static int next_event(events_t *events) {
  struct timespec until = deadline();
  int type;
  pthread_mutex_lock(&events->mutex);
  while (events->taken == events->count) {
    CHECK(pthread_cond_timedwait(&events->changed, &events->mutex, &until) != ETIMEDOUT);
  }
  type = events->types[events->taken++];
  pthread_mutex_unlock(&events->mutex);
  return type;
}

static zhandle_t *open_session(events_t *events) {
  zhandle_t *zh = zookeeper_init(hosts, on_event, TIMEOUT_MS, NULL, events, 0);
  CHECK(zh != NULL);
  await_connected(events, 1);
  return zh;
}

/* Valid until the next call. */
static const char *below(const char *name) {
  snprintf(scratch, sizeof scratch, "%s/%s", root, name);
  return scratch;
}

static int create(zhandle_t *zh, const char *path, const char *data, int flags, char *made) {
  char unused[PATH_MAX_BYTES];
  return zoo_create(zh, path, data, data == NULL ? -1 : (int)strlen(data), &ZOO_OPEN_ACL_UNSAFE,
                    flags, made == NULL ? unused : made, PATH_MAX_BYTES);
}

static int holds(zhandle_t *zh, const char *path, const char *wanted) {
  char data[64];
  int length = sizeof data;
  struct Stat stat;
  CHECK_CODE(ZOK, zoo_get(zh, path, 0, data, &length, &stat));
  return length == (int)strlen(wanted) && memcmp(data, wanted, strlen(wanted)) == 0;
}

static void step_connect(zhandle_t *zh) {
  CHECK(zoo_client_id(zh)->client_id != 0);
  CHECK(zoo_recv_timeout(zh) == TIMEOUT_MS);
}

static void step_create(zhandle_t *zh) {
  char made[PATH_MAX_BYTES];
  CHECK_CODE(ZOK, create(zh, root, "one", 0, made));
  CHECK(strcmp(made, root) == 0);
  CHECK_CODE(ZNODEEXISTS, create(zh, root, "one", 0, NULL));
}

static void step_read(zhandle_t *zh) {
  struct Stat stat;
  struct String_vector children;
  CHECK(holds(zh, root, "one"));
  CHECK_CODE(ZOK, zoo_exists(zh, root, 0, &stat));
  CHECK(stat.version == 0 && stat.dataLength == 3 && stat.czxid == stat.mzxid);
  CHECK_CODE(ZNONODE, zoo_exists(zh, below("none"), 0, &stat));
  CHECK_CODE(ZOK, zoo_get_children(zh, "/", 0, &children));
  CHECK(children.count == 2);
  deallocate_String_vector(&children);
}

static void step_write(zhandle_t *zh) {
  struct Stat stat;
  CHECK_CODE(ZOK, zoo_set2(zh, root, "two", 3, 0, &stat));
  CHECK(stat.version == 1);
  CHECK_CODE(ZBADVERSION, zoo_set(zh, root, "three", 5, 0));
  CHECK(holds(zh, root, "two"));
}

static void step_delete(zhandle_t *zh) {
  struct Stat stat;
  char data[8];
  int length = sizeof data;
  CHECK_CODE(ZOK, create(zh, below("gone"), NULL, 0, NULL));
  CHECK_CODE(ZOK, zoo_get(zh, below("gone"), 0, data, &length, &stat));
  CHECK(length == -1);
  CHECK_CODE(ZOK, zoo_delete(zh, below("gone"), -1));
  CHECK_CODE(ZNONODE, zoo_exists(zh, below("gone"), 0, &stat));
}

static void step_ephemeral(zhandle_t *zh) {
  static events_t events = EVENTS_INIT;
  struct Stat stat;
  zhandle_t *other = open_session(&events);
  CHECK_CODE(ZOK, create(other, below("ephemeral"), "e", ZOO_EPHEMERAL, NULL));
  CHECK_CODE(ZOK, zoo_exists(zh, below("ephemeral"), 0, &stat));
  CHECK(stat.ephemeralOwner == zoo_client_id(other)->client_id);
  CHECK_CODE(ZOK, zookeeper_close(other));
  CHECK_CODE(ZNONODE, zoo_exists(zh, below("ephemeral"), 0, &stat));
}

static void step_sequence(zhandle_t *zh) {
  char made[PATH_MAX_BYTES];
  char wanted[PATH_MAX_BYTES];
  CHECK_CODE(ZOK, create(zh, below("queue"), NULL, 0, NULL));
  for (int i = 0; i < 3; i++) {
    snprintf(wanted, sizeof wanted, "%s/queue/n-%010d", root, i);
    CHECK_CODE(ZOK, create(zh, below("queue/n-"), "x", ZOO_SEQUENCE, made));
    CHECK(strcmp(made, wanted) == 0);
  }
}

static void step_watch(zhandle_t *zh) {
  static events_t events = EVENTS_INIT;
  struct Stat stat;
  struct String_vector children;
  char data[8];
  int length = sizeof data;
  CHECK_CODE(ZNONODE, zoo_wexists(zh, below("watched"), on_event, &events, &stat));
  CHECK_CODE(ZOK, create(zh, below("watched"), "a", 0, NULL));
  CHECK(next_event(&events) == ZOO_CREATED_EVENT);
  CHECK_CODE(ZOK, zoo_wget(zh, below("watched"), on_event, &events, data, &length, &stat));
  CHECK_CODE(ZOK, zoo_set(zh, below("watched"), "b", 1, -1));
  CHECK(next_event(&events) == ZOO_CHANGED_EVENT);
  CHECK_CODE(ZOK, zoo_wget_children(zh, root, on_event, &events, &children));
  deallocate_String_vector(&children);
  CHECK_CODE(ZOK, zoo_delete(zh, below("watched"), -1));
  CHECK(next_event(&events) == ZOO_CHILD_EVENT);
}

static void step_multi(zhandle_t *zh) {
  zoo_op_t ops[3];
  zoo_op_result_t results[3];
  struct Stat stat;
  char path[PATH_MAX_BYTES];
  char none[PATH_MAX_BYTES];
  char made[PATH_MAX_BYTES];
  snprintf(path, sizeof path, "%s/m1", root);
  snprintf(none, sizeof none, "%s/none", root);
  zoo_create_op_init(&ops[0], path, "1", 1, &ZOO_OPEN_ACL_UNSAFE, 0, made, sizeof made);
  zoo_set_op_init(&ops[1], path, "2", 1, 0, &stat);
  zoo_check_op_init(&ops[2], path, 1);
  CHECK_CODE(ZOK, zoo_multi(zh, 3, ops, results));
  CHECK(results[0].err == ZOK && stat.version == 1);
  zoo_delete_op_init(&ops[0], path, -1);
  zoo_delete_op_init(&ops[1], none, -1);
  CHECK_CODE(ZNONODE, zoo_multi(zh, 2, ops, results));
  CHECK(results[1].err == ZNONODE);
  CHECK_CODE(ZOK, zoo_exists(zh, path, 0, &stat));
}

static void on_auth(int code, const void *context) {
  events_t *events = (events_t *)context;
  pthread_mutex_lock(&events->mutex);
  events->types[events->count++] = code;
  pthread_cond_broadcast(&events->changed);
  pthread_mutex_unlock(&events->mutex);
}

static void step_acl(zhandle_t *zh) {
  static events_t events = EVENTS_INIT;
  static events_t auth = EVENTS_INIT;
  const char *cert = "alice:secret";
  char data[8];
  int length = sizeof data;
  struct Stat stat;
  char made[PATH_MAX_BYTES];
  zhandle_t *owner = open_session(&events);
  CHECK_CODE(ZOK, zoo_add_auth(owner, "digest", cert, (int)strlen(cert), on_auth, &auth));
  CHECK(next_event(&auth) == ZOK);
  CHECK_CODE(ZOK, zoo_create(owner, below("private"), "p", 1, &ZOO_CREATOR_ALL_ACL, 0, made,
                             sizeof made));
  CHECK(holds(owner, below("private"), "p"));
  CHECK_CODE(ZNOAUTH, zoo_get(zh, below("private"), 0, data, &length, &stat));
  CHECK_CODE(ZOK, zookeeper_close(owner));
  CHECK_CODE(ZOK, zoo_add_auth(zh, "digest", cert, (int)strlen(cert), on_auth, &auth));
  CHECK(next_event(&auth) == ZOK);
  CHECK(holds(zh, below("private"), "p"));
}

static void step_reconnect(zhandle_t *zh, events_t *session) {
  static events_t events = EVENTS_INIT;
  char data[8];
  char line[32];
  int length = sizeof data;
  struct Stat stat;
  int64_t id = zoo_client_id(zh)->client_id;
  CHECK_CODE(ZOK, create(zh, below("alive"), "before", ZOO_EPHEMERAL, NULL));
  CHECK_CODE(ZOK, zoo_wget(zh, root, on_event, &events, data, &length, &stat));
  puts("restart");
  fflush(stdout);
  await_connected(session, 0);
  CHECK(fgets(line, sizeof line, stdin) != NULL);
  await_connected(session, 1);
  CHECK(zoo_client_id(zh)->client_id == id);
  CHECK(holds(zh, below("alive"), "before"));
  CHECK_CODE(ZOK, zoo_set(zh, root, "after", 5, -1));
  CHECK(next_event(&events) == ZOO_CHANGED_EVENT);
}

static void step_close(zhandle_t *zh) {
  static events_t events = EVENTS_INIT;
  struct Stat stat;
  CHECK_CODE(ZOK, zookeeper_close(zh));
  zhandle_t *other = open_session(&events);
  CHECK_CODE(ZNONODE, zoo_exists(other, below("alive"), 0, &stat));
  CHECK_CODE(ZOK, zookeeper_close(other));
}

static void passed(void) {
  printf("ok %s\n", step_name);
  fflush(stdout);
}

int main(int argc, char **argv) {
  static events_t events = EVENTS_INIT;
  CHECK(argc == 3);
  hosts = argv[1];
  root = argv[2];
  zoo_set_debug_level(ZOO_LOG_LEVEL_WARN);

  step_name = "connect";
  zhandle_t *zh = open_session(&events);
  step_connect(zh);
  passed();

  static const struct {
    const char *name;
    void (*run)(zhandle_t *zh);
  } steps[] = {
      {"create", step_create},       {"read", step_read},   {"write", step_write},
      {"delete", step_delete},       {"ephemeral", step_ephemeral},
      {"sequence", step_sequence},   {"watch", step_watch}, {"multi", step_multi},
      {"acl", step_acl},
  };
  for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
    step_name = steps[i].name;
    steps[i].run(zh);
    passed();
  }

  step_name = "reconnect";
  step_reconnect(zh, &events);
  passed();
  step_name = "close";
  step_close(zh);
  passed();
  return 0;
}

// A system clock of one process's own: CLOCK_REALTIME plus an offset that somebody else may change.
// Preloaded. The file named by SHIFTED_CLOCK_FILE holds the offset as one int64 [ns], mapped, so that a
// step is seen by the next reading. Waits are not touched: they are of the monotonic clock.
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

namespace {
const int64_t kSecond = 1000000000;
using Read = int (*)(clockid_t, timespec *);
Read true_clock = nullptr;
const volatile int64_t *offset = nullptr;

__attribute__((constructor)) void begin() {
  true_clock = reinterpret_cast<Read>(dlsym(RTLD_NEXT, "clock_gettime"));
  const char *name = getenv("SHIFTED_CLOCK_FILE");
  const int file = name == nullptr ? -1 : open(name, O_RDONLY | O_CLOEXEC);
  if (file < 0) return;
  void *page = mmap(nullptr, sizeof(int64_t), PROT_READ, MAP_SHARED, file, 0);
  close(file);
  if (page != MAP_FAILED) offset = static_cast<const int64_t *>(page);
}
}  // namespace

extern "C" {
int clock_gettime(clockid_t clock, timespec *now) noexcept {
  if (true_clock == nullptr) begin();
  const int result = true_clock(clock, now);
  const bool shifted = clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE;
  if (result == 0 && shifted && offset != nullptr) {
    const int64_t total = now->tv_sec * kSecond + now->tv_nsec + *offset;
    now->tv_sec = total / kSecond;
    now->tv_nsec = total % kSecond;
  }
  return result;
}

int gettimeofday(timeval *now, void *) noexcept {
  timespec exact;
  const int result = clock_gettime(CLOCK_REALTIME, &exact);
  if (result == 0 && now != nullptr) {
    now->tv_sec = exact.tv_sec;
    now->tv_usec = exact.tv_nsec / 1000;
  }
  return result;
}

time_t time(time_t *into) noexcept {
  timespec exact;
  clock_gettime(CLOCK_REALTIME, &exact);
  if (into != nullptr) *into = exact.tv_sec;
  return exact.tv_sec;
}
}

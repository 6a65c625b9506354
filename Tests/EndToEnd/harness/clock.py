"""Programs that believe in another date: `clock_gettime` with the wall clock set forward."""

import functools
import os
import shutil
import subprocess

from . import workshop

_SOURCE = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
int clock_gettime(clockid_t clock, struct timespec *time) {
  static int (*real)(clockid_t, struct timespec *);
  if (!real) *(void **)&real = dlsym(RTLD_NEXT, "clock_gettime");
  int result = real(clock, time);
  const char *days = getenv("TEST_CLOCK_DAYS");
  if (!result && clock == CLOCK_REALTIME && days) time->tv_sec += 86400 * atoll(days);
  static volatile long long *offset;
  const char *file = getenv("TEST_CLOCK_FILE");
  if (!offset && file) {
    void *page = mmap(0, sizeof *offset, PROT_READ, MAP_SHARED, open(file, O_RDONLY), 0);
    if (page != MAP_FAILED) offset = page;
  }
  if (!result && clock == CLOCK_REALTIME && offset) time->tv_sec += *offset;
  return result;
}
"""


def compiler():
    """A C compiler; None where there is none."""
    return next((path for name in ("cc", "clang", "gcc") if (path := shutil.which(name))), None)


@functools.cache
def _library():
    folder = workshop.folder("clock")
    (folder / "clock.c").write_text(_SOURCE)
    subprocess.run([compiler(), "-shared", "-fPIC", "-o", folder / "clock.so", folder / "clock.c",
                    "-ldl"], check=True)
    return folder / "clock.so"


def ahead(days):
    """The environment of a program whose wall clock is so many days ahead."""
    return os.environ | {"LD_PRELOAD": str(_library()), "TEST_CLOCK_DAYS": str(days)}


class Moving:
    """The wall clock of a program that runs with `environment`; `set` moves it."""

    def __init__(self):
        self.file = workshop.folder("clock") / "offset"
        self.set(0)
        self.environment = os.environ | {
            "LD_PRELOAD": str(_library()), "TEST_CLOCK_FILE": str(self.file)}

    def set(self, seconds):
        """Sets the clock so far ahead of the real one."""
        with self.file.open("r+b" if self.file.exists() else "wb") as file:
            file.write(seconds.to_bytes(8, "little", signed=True))

"""Programs that believe in another date: `clock_gettime` with the wall clock set forward."""

import functools
import os
import shutil
import subprocess

from . import workshop

_SOURCE = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>
int clock_gettime(clockid_t clock, struct timespec *time) {
  static int (*real)(clockid_t, struct timespec *);
  if (!real) *(void **)&real = dlsym(RTLD_NEXT, "clock_gettime");
  int result = real(clock, time);
  const char *days = getenv("TEST_CLOCK_DAYS");
  if (!result && clock == CLOCK_REALTIME && days) time->tv_sec += 86400 * atoll(days);
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

#include "processor.h"

#include <string.h>

#if defined(__x86_64__)
#include <nmmintrin.h>
#define CRC32C_TARGET __attribute__((target("sse4.2")))
#define CRC32C_WORD(crc, word) (uint32_t) _mm_crc32_u64(crc, word)
#define CRC32C_BYTE(crc, byte) _mm_crc32_u8(crc, byte)

int homeward_has_crc32c(void) { return __builtin_cpu_supports("sse4.2") != 0; }

#elif defined(__aarch64__)
#include <arm_acle.h>
#include <sys/auxv.h>
#define CRC32C_TARGET __attribute__((target("crc")))
#define CRC32C_WORD(crc, word) __crc32cd(crc, word)
#define CRC32C_BYTE(crc, byte) __crc32cb(crc, byte)

// Bit 7 of the first word of hardware capabilities, as the kernel numbers them.
int homeward_has_crc32c(void) { return (getauxval(AT_HWCAP) >> 7 & 1) != 0; }

#endif

#if defined(CRC32C_TARGET)

CRC32C_TARGET uint32_t homeward_crc32c(uint32_t crc, const void *bytes, size_t count) {
  const uint8_t *at = bytes;
  for (; count >= 8; count -= 8, at += 8) {
    uint64_t word;
    memcpy(&word, at, 8);
    crc = CRC32C_WORD(crc, word);
  }
  for (; count > 0; count--, at++) crc = CRC32C_BYTE(crc, *at);
  return crc;
}

#else

int homeward_has_crc32c(void) { return 0; }
uint32_t homeward_crc32c(uint32_t crc, const void *bytes, size_t count) { __builtin_trap(); }

#endif

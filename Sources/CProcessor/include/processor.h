// Instructions of the processor that Swift has no name for. Only the Audit target may include this.
#pragma once
#include <stddef.h>
#include <stdint.h>

/// Whether the processor has an instruction for CRC-32C.
int homeward_has_crc32c(void);

/// The running CRC-32C of `bytes` after `crc`, by that instruction; without it, the call traps.
uint32_t homeward_crc32c(uint32_t crc, const void *bytes, size_t count);

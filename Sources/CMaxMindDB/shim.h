// libmaxminddb as Debian ships it; Sources/Native owns every handle.
// Addresses and lookup paths are built here: `sockaddr` and C string arrays are clumsy in Swift.
#pragma once
#include <arpa/inet.h>
#include <maxminddb.h>
#include <netinet/in.h>
#include <string.h>

// Finds the entry of an IPv4 address in host byte order.
static inline MMDB_lookup_result_s homeward_geo_lookup_ipv4(
    const MMDB_s *database, uint32_t address, int *error) {
  struct sockaddr_in where;
  memset(&where, 0, sizeof where);
  where.sin_family = AF_INET;
  where.sin_addr.s_addr = htonl(address);
  return MMDB_lookup_sockaddr(database, (const struct sockaddr *)&where, error);
}

// Finds the entry of an IPv6 address of 16 bytes in network byte order.
static inline MMDB_lookup_result_s homeward_geo_lookup_ipv6(
    const MMDB_s *database, const void *address, int *error) {
  struct sockaddr_in6 where;
  memset(&where, 0, sizeof where);
  where.sin6_family = AF_INET6;
  memcpy(&where.sin6_addr, address, 16);
  return MMDB_lookup_sockaddr(database, (const struct sockaddr *)&where, error);
}

// Reads a textual address into 16 bytes; returns 4, 6, or 0 when it is neither.
static inline int homeward_parse_address(const char *text, void *address) {
  if (inet_pton(AF_INET, text, address) == 1) return 4;
  if (inet_pton(AF_INET6, text, address) == 1) return 6;
  return 0;
}

// Looks for `a` (and below it `b`, `c`; NULL ends the path) in an entry; no allocation.
static inline int homeward_geo_value(
    MMDB_entry_s *entry, MMDB_entry_data_s *data, const char *a, const char *b, const char *c) {
  const char *const path[4] = {a, b, c, NULL};
  return MMDB_aget_value(entry, data, path);
}

// Whether sixteen zeros stand behind the tree, as the format wants, and each of its records leads
// to a node, to data or nowhere. The library looks at sizes only when it opens a file.
static inline int homeward_geo_is_sound(const MMDB_s *database) {
  static const uint8_t separator[16];
  if (database->data_section - sizeof separator < database->file_content) return 0;
  if (memcmp(database->data_section - sizeof separator, separator, sizeof separator)) return 0;
  for (uint32_t number = 0; number < database->metadata.node_count; number++) {
    MMDB_search_node_s node;
    if (MMDB_read_node(database, number, &node) != MMDB_SUCCESS) return 0;
    if (node.left_record_type == MMDB_RECORD_TYPE_INVALID) return 0;
    if (node.right_record_type == MMDB_RECORD_TYPE_INVALID) return 0;
  }
  return 1;
}

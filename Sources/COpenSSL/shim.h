// OpenSSL as Debian ships it; Sources/Native owns every handle.
// Macros do not import into Swift: each one used has a `homeward_` inline function here.
#pragma once
#include <fcntl.h>
#include <stdint.h>
#include <time.h>

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

// Options.

static inline uint64_t homeward_SSL_OP_NO_RENEGOTIATION(void) { return SSL_OP_NO_RENEGOTIATION; }
static inline uint64_t homeward_SSL_OP_NO_COMPRESSION(void) { return SSL_OP_NO_COMPRESSION; }
static inline uint64_t homeward_SSL_OP_NO_TICKET(void) { return SSL_OP_NO_TICKET; }
static inline uint64_t homeward_SSL_OP_CIPHER_SERVER_PREFERENCE(void) {
  return SSL_OP_CIPHER_SERVER_PREFERENCE;
}
static inline uint64_t homeward_SSL_OP_PRIORITIZE_CHACHA(void) { return SSL_OP_PRIORITIZE_CHACHA; }

static inline int homeward_SSL_CTX_set_min_proto_version(SSL_CTX *ctx, int version) {
  return (int)SSL_CTX_set_min_proto_version(ctx, version);
}
static inline int homeward_SSL_CTX_set_max_proto_version(SSL_CTX *ctx, int version) {
  return (int)SSL_CTX_set_max_proto_version(ctx, version);
}
static inline int homeward_SSL_CTX_set1_groups_list(SSL_CTX *ctx, const char *groups) {
  return (int)SSL_CTX_set1_groups_list(ctx, groups);
}
static inline void homeward_SSL_CTX_set_session_cache_mode(SSL_CTX *ctx, long mode) {
  (void)SSL_CTX_set_session_cache_mode(ctx, mode);
}
static inline int homeward_SSL_CTX_add1_chain_cert(SSL_CTX *ctx, X509 *certificate) {
  return (int)SSL_CTX_add1_chain_cert(ctx, certificate);
}
static inline int homeward_SSL_CTX_clear_chain_certs(SSL_CTX *ctx) {
  return (int)SSL_CTX_clear_chain_certs(ctx);
}

// Server name indication.

typedef int (*homeward_server_name_callback)(SSL *, int *, void *);
static inline void homeward_SSL_CTX_set_server_name_callback(
    SSL_CTX *ctx, homeward_server_name_callback callback, void *argument) {
  (void)SSL_CTX_set_tlsext_servername_callback(ctx, callback);
  (void)SSL_CTX_set_tlsext_servername_arg(ctx, argument);
}
static inline int homeward_SSL_set_server_name(SSL *ssl, const char *name) {
  return (int)SSL_set_tlsext_host_name(ssl, name);
}

// Sessions.

static inline void homeward_SSL_set_msg_callback_arg(SSL *ssl, void *argument) {
  (void)SSL_set_msg_callback_arg(ssl, argument);
}
static inline void homeward_BIO_set_retry_read(BIO *bio) { BIO_set_retry_read(bio); }
static inline void homeward_BIO_clear_retry_flags(BIO *bio) { BIO_clear_retry_flags(bio); }

// The error queue is nearly always empty: looking costs less than clearing.
static inline void homeward_clear_errors(void) {
  if (ERR_peek_error() != 0) ERR_clear_error();
}

// Memory BIOs.

static inline long homeward_BIO_get_mem_data(BIO *bio, char **start) {
  return BIO_get_mem_data(bio, start);
}

// Certificates.

// Seconds since 1970 of a certificate's time; zero when it cannot be read.
static inline int64_t homeward_ASN1_TIME_seconds(const ASN1_TIME *time) {
  struct tm parts;
  if (time == NULL || ASN1_TIME_to_tm(time, &parts) != 1) return 0;
  return (int64_t)timegm(&parts);
}
static inline unsigned long homeward_XN_FLAG_RFC2253(void) { return XN_FLAG_RFC2253; }

static inline STACK_OF(GENERAL_NAME) * homeward_alternative_names(const X509 *certificate) {
  return (STACK_OF(GENERAL_NAME) *)X509_get_ext_d2i(
      certificate, NID_subject_alt_name, NULL, NULL);
}
static inline void homeward_alternative_names_free(STACK_OF(GENERAL_NAME) * names) {
  sk_GENERAL_NAME_pop_free(names, GENERAL_NAME_free);
}
static inline int homeward_alternative_names_count(const STACK_OF(GENERAL_NAME) * names) {
  return names == NULL ? 0 : sk_GENERAL_NAME_num(names);
}
// The type (GEN_DNS, GEN_URI, ...) of the name at `index`; its text when it is one of those two.
static inline int homeward_alternative_name(
    const STACK_OF(GENERAL_NAME) * names, int index, const unsigned char **text, int *byteCount) {
  const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, index);
  *text = NULL;
  *byteCount = 0;
  if (name->type == GEN_DNS || name->type == GEN_URI || name->type == GEN_EMAIL) {
    *text = ASN1_STRING_get0_data(name->d.ia5);
    *byteCount = ASN1_STRING_length(name->d.ia5);
  }
  return name->type;
}

static inline STACK_OF(X509_NAME) * homeward_names_new(void) { return sk_X509_NAME_new_null(); }
static inline int homeward_names_push(STACK_OF(X509_NAME) * names, X509_NAME *name) {
  return sk_X509_NAME_push(names, name);
}
static inline void homeward_names_free(STACK_OF(X509_NAME) * names) {
  sk_X509_NAME_pop_free(names, X509_NAME_free);
}

// SHA-256 on a state that its user owns. EVP in OpenSSL 3.0 allocates, frees and wipes a state of
// its own for each hash, which costs more than the hash of a short record. These functions are the
// same code below; OpenSSL advises against them because they cannot be exchanged for a provider's.

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
static inline int homeward_SHA256_Init(SHA256_CTX *state) { return SHA256_Init(state); }
static inline int homeward_SHA256_Update(SHA256_CTX *state, const void *bytes, size_t count) {
  return SHA256_Update(state, bytes, count);
}
static inline int homeward_SHA256_Final(unsigned char *digest, SHA256_CTX *state) {
  return SHA256_Final(digest, state);
}
#pragma GCC diagnostic pop

// Message authentication of stored bytes (AES-GCM).

static inline int homeward_EVP_CTRL_AEAD_GET_TAG(void) { return EVP_CTRL_AEAD_GET_TAG; }
static inline int homeward_EVP_CTRL_AEAD_SET_TAG(void) { return EVP_CTRL_AEAD_SET_TAG; }

// A file that only its owner can read, for private keys; fails when the path exists.
static inline int homeward_create_private(const char *path) {
  return open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
}

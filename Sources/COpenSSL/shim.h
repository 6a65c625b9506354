// OpenSSL as Debian ships it; Sources/Native owns every handle.
// Macros do not import into Swift: each one used has a `homeward_` inline function here.
#pragma once
#include <openssl/ssl.h>

// nghttp2 as Debian ships it; Sources/Native owns every handle.
#include <nghttp2/nghttp2.h>

// libmaxminddb as Debian ships it; Sources/Native owns every handle.
#include <maxminddb.h>

// 128-bit integers, for products and sums that must not overflow. A GNU extension, named once.
#pragma once

namespace ducat {

__extension__ typedef __int128 Int128;
__extension__ typedef unsigned __int128 Uint128;

}  // namespace ducat

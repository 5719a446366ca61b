// Asio's compiled part (BOOST_ASIO_SEPARATE_COMPILATION): the only file that includes it, so that every other
// one compiles quickly.
#include <boost/asio/impl/src.hpp>

// The compiled parts of asio and beast, once for the whole layer (separate compilation).
#include <boost/asio/impl/src.hpp>
#include <boost/beast/src.hpp>

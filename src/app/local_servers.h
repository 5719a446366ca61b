// The servers that services in processes of their own need beside them: PostgreSQL, NATS and Redis, from
// Debian's packages, on loopback, with data and passwords of their own.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "app/child.h"

namespace ducat::app {

using HearLine = std::function<void(std::string_view)>;

// What is started, and how a process of ours reaches it.
struct LocalServer {
  ChildSpec spec;
  uint16_t port = 0;
  std::string ready_text;  // see Supervised; a port is open before PostgreSQL is ready
  // setting → value, for every process of ours.
  std::vector<std::pair<std::string, std::string>> settings;
  std::vector<std::string> client_environment;  // for its own command-line tools
};

// Where the servers may keep data: `data` itself, or a folder below /var/lib/ducat when we are root and the
// user the servers run as cannot get there (a repository in root's home).
Result<std::string> servers_directory(const std::string& data);

// Each makes its directory and configuration once. kNotFound: the package is not installed.
Result<LocalServer> make_postgres(const std::string& directory, uint16_t port, const HearLine& line);
Result<LocalServer> make_nats(const std::string& directory, uint16_t port);
Result<LocalServer> make_redis(const std::string& directory, uint16_t port);

// Makes a database, if it is not there; the server runs. The answer is its url.
Result<std::string> make_database(const LocalServer& postgres, const std::string& name, const HearLine& line);

// A secret that is kept in a file of mode 0600 from its first use on: 48 hexadecimal digits.
Result<std::string> kept_secret(const std::string& file);

// Ports nobody listens on now, all different.
Result<std::vector<uint16_t>> free_ports(size_t count);
// Whether somebody accepts connections there.
bool accepts(uint16_t port);

}  // namespace ducat::app

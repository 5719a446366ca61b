// The command line: `ducat run`, `ducat wallet verify` and the others.
#pragma once

namespace ducat::app {

// Parses and runs one command; the process's exit code. 0 is success, 1 a finding (not sound), 2 an error,
// which is one line on stderr.
int run_cli(int argc, char** argv);

}  // namespace ducat::app

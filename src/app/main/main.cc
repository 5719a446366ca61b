// The binary: everything is in the library, so that tests can link it.
#include "app/cli.h"

int main(int argc, char** argv) {
  return ducat::app::run_cli(argc, argv);
}

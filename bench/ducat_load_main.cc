// The load generator alone, as `ducat_load`: what `ducat simulate load` runs, without the server around it.
#include "simulate/load/load_cli.h"

int main(int argc, char** argv) {
  CLI::App app("Drives a wallet server over HTTP and checks that no money appears or vanishes");
  ducat::load::LoadCommand command;
  ducat::load::add_load_options(app, command);
  CLI11_PARSE(app, argc, argv);
  return ducat::load::run_load_command(command);
}

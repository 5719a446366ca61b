// The command line of the load generator, shared by `ducat simulate load` and the bench's own binary.
#pragma once

#include <CLI/CLI.hpp>

#include <cstdio>
#include <string>

#include "simulate/load/load.h"

namespace ducat::load {

// What the options are parsed into; lives until the command has run.
struct LoadCommand {
  LoadOptions options;
  std::string mix = "transfer";
  bool json = false;
};

// Adds the options to a (sub)command. `command` outlives the parse.
void add_load_options(CLI::App& app, LoadCommand& command);

// "transfer", or "transfer=80,balance=20": per cent, 100 in all. kInvalid names the part that is wrong.
Status parse_mix(const std::string& text, LoadOptions& options);

// Runs it and prints the report to stdout (one line of JSON with --json), errors to stderr. The exit code: 0,
// 1 when money was not conserved or nothing was completed, 2 when the run could not be made.
int run_load_command(LoadCommand& command);

// The two forms of a report.
void print_report(const LoadOptions& options, const LoadReport& report, std::FILE* out);
std::string report_json(const LoadOptions& options, const LoadReport& report);

}  // namespace ducat::load

# ducat_embed(target symbol file): puts the bytes of `file` into the read-only data of `target`, between the symbols
# ducat_embed_<symbol> and ducat_embed_<symbol>_end. The assembler copies them (.incbin): no array to compile.
function(ducat_embed target symbol file)
  set(source ${CMAKE_CURRENT_BINARY_DIR}/embed_${symbol}.cc)
  file(CONFIGURE OUTPUT ${source} @ONLY CONTENT [[
asm(".section .rodata,\"a\"\n"
    ".balign 16\n"
    ".global ducat_embed_@symbol@\n"
    ".global ducat_embed_@symbol@_end\n"
    "ducat_embed_@symbol@:\n"
    ".incbin \"@file@\"\n"
    "ducat_embed_@symbol@_end:\n"
    ".byte 0\n"
    ".previous\n");
]])
  set_source_files_properties(${source} PROPERTIES OBJECT_DEPENDS ${file} SKIP_PRECOMPILE_HEADERS ON)
  target_sources(${target} PRIVATE ${source})
endfunction()

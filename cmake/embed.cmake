# embed_files(output.cc namespace function file…): generates `std::span<const EmbeddedFile>
# namespace::function()` (base/embedded.h) with the name and bytes of each file.
function(embed_files output namespace function)
  set(script ${PROJECT_SOURCE_DIR}/cmake/embed_script.cmake)
  string(REPLACE ";" "|" joined "${ARGN}")
  add_custom_command(
    OUTPUT ${output}
    COMMAND ${CMAKE_COMMAND} -DOUTPUT=${output} -DNAMESPACE=${namespace} -DFUNCTION=${function}
            "-DFILES=${joined}" -P ${script}
    DEPENDS ${ARGN} ${script}
    COMMENT "Packing ${namespace}::${function}"
    VERBATIM)
endfunction()

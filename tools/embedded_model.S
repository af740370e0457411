/* The files of the demo model inside the binary; the folder comes by -Wa,-I (tools/CMakeLists.txt). */
.macro embed symbol, file
    .global \symbol
    .global \symbol\()_end
    .balign 64
\symbol:
    .incbin "\file"
\symbol\()_end:
.endm

    .section .rodata
    embed quire_demo_config, config.json
    embed quire_demo_generation_config, generation_config.json
    embed quire_demo_weights, model.safetensors
    embed quire_demo_tokenizer, tokenizer.json
    embed quire_demo_tokenizer_config, tokenizer_config.json

    .section .note.GNU-stack,"",%progbits

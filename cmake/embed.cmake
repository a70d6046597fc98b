# Writes a file as a C array, with a closing NUL: cmake -DNAME=page_css -DINPUT=page.css -DOUTPUT=page_css.c -P embed.cmake
file(READ ${INPUT} hex HEX)
string(REGEX REPLACE "(................................)" "\\1\n" lines "${hex}")
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "'\\\\x\\1'," bytes "${lines}") # in quotes: above 127 too they are chars
file(WRITE ${OUTPUT} "extern const char ${NAME}[];\nconst char ${NAME}[] = {\n${bytes}0};\n")

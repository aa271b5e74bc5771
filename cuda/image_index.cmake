# Writes the sizes of IMAGES (separated by |) to INDEX: one line, in their order.
string(REPLACE "|" ";" images "${IMAGES}")
set(sizes "")
foreach(image IN LISTS images)
  file(SIZE ${image} size)
  list(APPEND sizes ${size})
endforeach()
list(JOIN sizes " " line)
file(WRITE ${INDEX} "${line}\n")

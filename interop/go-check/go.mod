module interop/check

go 1.24

require google.golang.org/protobuf v1.28.1

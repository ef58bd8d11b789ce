# sh build.sh GO PROGRAM: compiles the guest with the command GO, without a network.
CGO_ENABLED=0 GOFLAGS= GOPROXY=off GOTOOLCHAIN=local GO111MODULE=off exec "$1" build -o "$2" "$(dirname "$0")/scan.go"

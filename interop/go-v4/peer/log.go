package peer

import (
	"os"

	"go-micro.dev/v4/logger"
)

// This version logs to standard output, which belongs to the READY line and
// the results.
func init() {
	if err := logger.Init(logger.WithOutput(os.Stderr)); err != nil {
		panic(err)
	}
}

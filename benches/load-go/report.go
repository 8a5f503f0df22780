package load

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// tick is the kernel's unit in /proc/PID/stat.
const tick = 10 * time.Millisecond

// report is the line of JSON that a client prints.
func report(latencies []time.Duration, window, client, server time.Duration) string {
	slices.Sort(latencies)
	micros := func(share float64) float64 {
		rank := int(float64(len(latencies)) * share)
		return float64(latencies[min(rank, len(latencies)-1)].Nanoseconds()) / 1e3
	}
	return fmt.Sprintf(
		`{"calls":%d,"seconds":%.6f,"p50_us":%.1f,"p99_us":%.1f,"max_us":%.1f,"client_cpu_s":%.2f,"server_cpu_s":%.2f}`,
		len(latencies), window.Seconds(), micros(0.5), micros(0.99), micros(1), client.Seconds(), server.Seconds())
}

// both is the processor time of client and server.
type both struct{ client, server time.Duration }

func bothUsed(server int) (both, error) {
	ours, err := used(os.Getpid())
	if err != nil {
		return both{}, err
	}
	theirs, err := used(server)
	return both{ours, theirs}, err
}

// used is the time of a process in user and kernel mode: fields 14 and 15 of its
// stat, of which the second, a name in brackets, may hold anything.
func used(pid int) (time.Duration, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	if len(fields) < 13 {
		return 0, fmt.Errorf("/proc/%d/stat reads %q", pid, text)
	}
	user, err := strconv.Atoi(fields[11])
	if err != nil {
		return 0, err
	}
	kernel, err := strconv.Atoi(fields[12])
	return time.Duration(user+kernel) * tick, err
}

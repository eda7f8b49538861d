package harness

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// A Line is one JSON object that a command printed.
type Line map[string]any

// Text returns the field as a string, or nothing if it is missing or no string.
func (l Line) Text(field string) string {
	s, _ := l[field].(string)
	return s
}

// Result is what a finished command left. Code is -1 if a signal ended it.
type Result struct {
	Code           int
	Stdout, Stderr string
}

// Lines decodes the standard output, one JSON object a line.
func (r Result) Lines(t *testing.T) []Line {
	t.Helper()
	var lines []Line
	for text := range strings.Lines(r.Stdout) {
		var l Line
		if err := json.Unmarshal([]byte(text), &l); err != nil {
			t.Fatalf("not a JSON object: %q", text)
		}
		lines = append(lines, l)
	}
	return lines
}

// A Process is a command that runs in the background. Its methods may be called
// concurrently.
type Process struct {
	cmd    *exec.Cmd
	done   chan struct{} // closed once the process ended and its output was read
	stderr bytes.Buffer  // read after done

	mu    sync.Mutex
	lines []string
	more  chan struct{} // closed, and replaced, when a line arrives
}

// Start runs the binary in the background, with stdin (which may be nil) and only
// the given variables in its environment. The end of the test kills it. The input
// is a file or pipe of the system because nobody has to copy from that.
func Start(t *testing.T, env []string, stdin *os.File, args ...string) *Process {
	t.Helper()
	p := &Process{done: make(chan struct{}), more: make(chan struct{})}
	p.cmd = exec.Command(Binary(t), args...) //nolint:gosec,noctx // G204: the arguments are ours; the process is killed by Cleanup
	p.cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "LANG=C", "TERM=dumb"}, env...)
	if stdin != nil {
		p.cmd.Stdin = stdin
	}
	p.cmd.Stderr = &p.stderr
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Kill)
	go p.collect(out)
	return p
}

func (p *Process) collect(out io.Reader) {
	defer close(p.done)
	r := bufio.NewReader(out)
	for {
		line, err := r.ReadString('\n')
		if line != "" {
			p.mu.Lock()
			p.lines = append(p.lines, line)
			close(p.more)
			p.more = make(chan struct{})
			p.mu.Unlock()
		}
		if err != nil {
			break
		}
	}
	_ = p.cmd.Wait() // its verdict is in ProcessState
}

// Pid returns the number of the process.
func (p *Process) Pid() int { return p.cmd.Process.Pid }

// Signal sends a signal; a process that already ended is left in peace.
func (p *Process) Signal(s os.Signal) {
	if err := p.cmd.Process.Signal(s); err != nil && !errors.Is(err, os.ErrProcessDone) {
		panic(err) // the process is our own child
	}
}

// Kill ends the process with SIGKILL, as a power cut would, and waits for its end.
func (p *Process) Kill() {
	p.Signal(syscall.SIGKILL)
	<-p.done
}

// Done is closed once the process has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// Wait waits for the end of the process and returns what it left.
func (p *Process) Wait(t *testing.T) Result {
	t.Helper()
	deadline := time.NewTimer(Patience)
	defer deadline.Stop()
	select {
	case <-p.done:
	case <-deadline.C:
		p.Signal(syscall.SIGQUIT) // the stacks of the goroutines tell where it hangs
		p.Kill()
		t.Fatalf("%v did not end within %v\n%s%s", p.cmd.Args[1:], Patience, p.stdout(), p.stderr.String())
	}
	return Result{Code: p.cmd.ProcessState.ExitCode(), Stdout: p.stdout(), Stderr: p.stderr.String()}
}

// Await returns the first line of the output, from the beginning, that is a JSON
// object and that match accepts; it waits for it if need be.
func (p *Process) Await(t *testing.T, what string, match func(Line) bool) Line {
	t.Helper()
	deadline := time.NewTimer(Patience)
	defer deadline.Stop()
	for next, ended := 0, false; ; {
		p.mu.Lock()
		lines, more := p.lines[next:], p.more
		p.mu.Unlock()
		next += len(lines)
		for _, text := range lines {
			var l Line
			if json.Unmarshal([]byte(text), &l) == nil && match(l) {
				return l
			}
		}
		if ended {
			t.Fatalf("%v ended without %s\n%s%s", p.cmd.Args[1:], what, p.stdout(), p.stderr.String())
		}
		select {
		case <-more:
		case <-p.done:
			ended = true
		case <-deadline.C:
			t.Fatalf("%v did not print %s within %v\n%s", p.cmd.Args[1:], what, Patience, p.stdout())
		}
	}
}

func (p *Process) stdout() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.Join(p.lines, "")
}

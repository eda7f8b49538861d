package main

import (
	"bufio"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// side is one of the two processes of a link.
type side struct {
	*exec.Cmd
	in    io.WriteCloser
	lines *bufio.Scanner
}

func begin(ts *testscript.TestScript, args ...string) *side {
	bulle := filepath.Join(filepath.SplitList(ts.Getenv("PATH"))[0], "bulle")
	x := &side{Cmd: exec.Command(bulle, append(args, "--json")...)} //nolint:noctx // the script ends it
	for _, name := range []string{"HOME", "LANG", "BULLE_PASSPHRASE_FILE"} {
		x.Env = append(x.Env, name+"="+ts.Getenv(name))
	}
	x.Dir, x.Stderr = ts.MkAbs("."), os.Stderr
	var err error
	x.in, err = x.StdinPipe()
	ts.Check(err)
	out, err := x.StdoutPipe()
	ts.Check(err)
	ts.Check(x.Start())
	x.lines = bufio.NewScanner(out)
	x.lines.Buffer(nil, 1<<16)
	return x
}

// event reads lines until one of a kind.
func (x *side) event(ts *testscript.TestScript, kind string) linkLine {
	kill := time.AfterFunc(60*time.Second, func() { _ = x.Process.Kill() }) // it says nothing
	defer kill.Stop()
	for x.lines.Scan() {
		var l linkLine
		if json.Unmarshal(x.lines.Bytes(), &l) == nil && l.Event == kind {
			return l
		}
	}
	ts.Fatalf("never said %q", kind)
	return linkLine{}
}

// pairCommand links a device: pair OLD NEW NAME ANSWER. It compares the digits on both.
func pairCommand(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 4 {
		ts.Fatalf("usage: pair OLD NEW NAME ANSWER")
	}
	old := begin(ts, "devices", "link", "--vault", args[0])
	link := old.event(ts, "link")
	fresh := begin(ts, "link", link.Link, "--name", args[2], "--vault", args[1], ts.Getenv("FAST"))
	asked, shown := old.event(ts, "asked"), fresh.event(ts, "asked")
	if asked.Name != args[2] || asked.Code != shown.Code || len(shown.Code) != 7 {
		ts.Fatalf("%+v asks, %+v is shown", asked, shown)
	}
	_, err := io.WriteString(old.in, args[3]+"\n")
	ts.Check(err)
	if neg {
		if old.Wait() == nil || fresh.Wait() == nil {
			ts.Fatalf("linked although the member said %s", args[3])
		}
		return
	}
	for _, x := range []*side{old, fresh} {
		x.event(ts, "history")
		ts.Check(x.Wait())
	}
}

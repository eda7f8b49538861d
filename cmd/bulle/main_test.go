package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"bulle": main})
}

// TestScripts runs each command as a person types it, against a real relay where it needs one.
//
//	relay start NAME    starts a relay; sets $CLAIM
//	relay stop NAME     ends it with SIGTERM; start brings it back with its data, at the same address
//	exits CODE COMMAND  runs a command that must end with that code; stdout and stderr look at its output
//	link NAME           makes an invitation from the vault "founder" and sets $NAME to it
//	hold VAULT          starts a listener that holds a vault
//	release VAULT       interrupts it; it must end with exit code 0
//	pair OLD NEW NAME ANSWER    links a device that is called NAME
//	bot VAULT           runs the bot of docs/commands.md until the script ends
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 filepath.Join("testdata", "script"),
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup:               setup,
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"relay":   relayCommand,
			"exits":   exitsCommand,
			"link":    linkCommand,
			"hold":    holdCommand,
			"release": releaseCommand,
			"bot":     botCommand,
			"pair":    pairCommand,
		},
	})
}

// setup gives a script an empty home, a passphrase, and English.
func setup(env *testscript.Env) error {
	home := filepath.Join(env.WorkDir, "home")
	pass := filepath.Join(env.WorkDir, "passphrase.txt")
	env.Setenv("HOME", home)
	env.Setenv("LANG", "C.UTF-8")
	env.Setenv("BULLE_PASSPHRASE_FILE", pass)
	env.Setenv("FAST", "--kdf-iterations=600000")
	env.Values[relays{}] = map[string]*relay{}
	env.Values[holding{}] = map[string]*exec.Cmd{}
	docs, err := filepath.Abs(filepath.Join("..", "..", "docs"))
	if err != nil {
		return err
	}
	env.Setenv("DOCS", docs)
	return errors.Join(os.Mkdir(home, 0o700), os.WriteFile(pass, []byte("correct horse battery staple nine times over\n"), 0o600))
}

// relays is the key of a script's relays.
type relays struct{}

// relay is one `bulle serve` of a script.
type relay struct {
	data    string
	address string
	process *exec.Cmd
	stderr  bytes.Buffer
}

func relayCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: relay start|stop NAME")
	}
	all, ok := ts.Value(relays{}).(map[string]*relay)
	if !ok {
		ts.Fatalf("no relays")
	}
	switch args[0] {
	case "start":
		r := all[args[1]]
		if r == nil {
			r = &relay{data: ts.MkAbs("relay-" + args[1]), address: freeAddress(ts)}
			all[args[1]] = r
		}
		ts.Check(r.start(ts))
		ts.Defer(func() { ts.Check(r.stop()) })
	case "stop":
		ts.Check(all[args[1]].stop())
	default:
		ts.Fatalf("relay %s?", args[0])
	}
}

// freeAddress finds a port, so that a relay that comes back has the same one.
func freeAddress(ts *testscript.TestScript) string {
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // a test's own port
	ts.Check(err)
	defer func() { ts.Check(l.Close()) }()
	return l.Addr().String()
}

func (r *relay) start(ts *testscript.TestScript) error {
	bulle := filepath.Join(filepath.SplitList(ts.Getenv("PATH"))[0], "bulle")
	r.process = exec.Command(bulle, "serve", "--json", "--data", r.data, "--listen", r.address) //nolint:noctx // stop ends it
	r.process.Env = append(os.Environ(), "HOME="+ts.Getenv("HOME"))
	r.process.Stderr = &r.stderr
	out, err := r.process.StdoutPipe()
	if err != nil {
		return err
	}
	if err := r.process.Start(); err != nil {
		return err
	}
	first, err := bufio.NewReader(out).ReadBytes('\n')
	if err != nil {
		return fmt.Errorf("relay says nothing: %w\n%s", errors.Join(err, r.process.Wait()), r.stderr.String())
	}
	go io.Copy(io.Discard, out) //nolint:errcheck // ends with the process
	var started struct{ Address, Fingerprint, Claim string }
	if err := json.Unmarshal(first, &started); err != nil {
		return fmt.Errorf("relay says %q: %w", first, err)
	}
	ts.Setenv("CLAIM", started.Claim)
	ts.Setenv("ADDRESS", started.Address)
	return nil
}

func (r *relay) stop() error {
	if r == nil || r.process == nil {
		return nil
	}
	process := r.process
	r.process = nil
	if err := process.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	kill := time.AfterFunc(20*time.Second, func() { process.Process.Kill() }) //nolint:errcheck // it is late already
	defer kill.Stop()
	if err := process.Wait(); err != nil {
		return fmt.Errorf("relay: %w\n%s", err, r.stderr.String())
	}
	return nil
}

func exitsCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND [ARGUMENTS]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	got := 0
	var failed *exec.ExitError
	if errors.As(err, &failed) {
		got = failed.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

func linkCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: link NAME")
	}
	ts.Check(ts.Exec("bulle", "invite", "--json", "--vault", "founder"))
	var invited struct{ Link string }
	ts.Check(json.Unmarshal([]byte(ts.ReadFile("stdout")), &invited))
	ts.Setenv(args[0], invited.Link)
}

// botCommand runs the bot out of the docs, so that what stands there works.
func botCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: bot VAULT")
	}
	page, err := os.ReadFile(filepath.Join(ts.Getenv("DOCS"), "commands.md"))
	ts.Check(err)
	found := regexp.MustCompile("(?s)```sh\n(.*?)```").FindSubmatch(page)
	if found == nil {
		ts.Fatalf("docs/commands.md shows no bot")
	}
	if lines := strings.Count(string(found[1]), "\n"); lines > 10 {
		ts.Fatalf("the bot has %d lines", lines)
	}
	spawn(ts, args[0], exec.Command("sh", "-c", string(found[1]))) //nolint:noctx // ended when the script ends
}

// holdCommand starts a listener that holds a vault, and returns once it does.
func holdCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: hold VAULT")
	}
	held := exec.Command("bulle", "listen", "--json", "--interactive") //nolint:noctx // ended when the script ends
	held.Stdin = strings.NewReader("nonsense\n")
	out, err := held.StdoutPipe()
	ts.Check(err)
	process := spawn(ts, args[0], held)
	holders, ok := ts.Value(holding{}).(map[string]*exec.Cmd)
	if !ok {
		ts.Fatalf("no holders")
	}
	holders[args[0]] = process
	answer, err := bufio.NewReader(out).ReadString('\n')
	ts.Check(err)
	if !strings.Contains(answer, "error") {
		ts.Fatalf("the listener says %q", answer)
	}
}

// releaseCommand interrupts the listener as Ctrl-C does; that is how listening is meant to end.
func releaseCommand(ts *testscript.TestScript, neg bool, args []string) {
	holders, ok := ts.Value(holding{}).(map[string]*exec.Cmd)
	if neg || len(args) != 1 || !ok || holders[args[0]] == nil {
		ts.Fatalf("usage: release VAULT, after hold VAULT")
	}
	c := holders[args[0]]
	ts.Check(c.Process.Signal(os.Interrupt))
	ts.Check(c.Wait())
}

// holding is the key of a script's listeners.
type holding struct{}

// spawn starts a process with the script's environment, and ends it and its children with the script.
func spawn(ts *testscript.TestScript, vault string, c *exec.Cmd) *exec.Cmd {
	c.Dir = ts.MkAbs(".")
	for _, name := range []string{"PATH", "HOME", "LANG", "TMPDIR", "BULLE_PASSPHRASE_FILE"} {
		c.Env = append(c.Env, name+"="+ts.Getenv(name))
	}
	c.Env = append(c.Env, "BULLE_VAULT="+ts.MkAbs(vault))
	c.Path = filepath.Join(filepath.SplitList(ts.Getenv("PATH"))[0], c.Args[0])
	if found, err := exec.LookPath(c.Args[0]); err == nil {
		c.Path = found
	}
	c.Err = nil
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	ts.Check(c.Start())
	ts.Defer(func() {
		if c.ProcessState == nil {
			ts.Check(syscall.Kill(-c.Process.Pid, syscall.SIGKILL))
			_ = c.Wait() // it was killed
		}
	})
	return c
}

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// readyWithin is how long the start of everything may take; on two idle cores it takes 4 s.
const readyWithin = 60 * time.Second

// startAttempts is how often other ports are tried after somebody else took one between our choice and its use.
const startAttempts = 3

const upUsage = `usage: controlplane up --dir DIR --kwok PATH --stages DIR [--stages DIR]...

Runs etcd, kube-apiserver, kube-controller-manager, kube-scheduler and kwok on 127.0.0.1. Prints one line of JSON once
all is ready. Ends all of them when stdin ends, on SIGTERM, SIGINT and SIGHUP, and when one of them dies.

Commands on stdin, each answered by a line "ok ..." or "error ...":
  kill PART    SIGKILL           stop PART    SIGSTOP
  start PART   after a kill      cont PART    SIGCONT

Flags:
`

// options are what the command line of `up` says.
type options struct {
	dir       string
	kwok      string
	etcd      string
	apiserver string
	stages    []string
}

// report is the one line on stdout that says that all is ready.
type report struct {
	Kubeconfig string         `json:"kubeconfig"`
	Server     string         `json:"server"`
	CAFile     string         `json:"caFile"`
	Token      string         `json:"token"`
	AuditLog   string         `json:"auditLog"`
	Logs       string         `json:"logs"`
	Pids       map[string]int `json:"pids"`
}

// up runs a whole control plane until stdin ends, a signal arrives or a part dies.
func up() int {
	opts, err := parseOptions(os.Args[1:])
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err == nil {
		err = run(opts)
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "controlplane up: %v\n", err)
		return 1
	}
	return 0
}

func run(opts options) error {
	// A child's Pdeathsig fires when the *thread* that started it ends. All children are started by this goroutine,
	// and its thread now lives as long as the process.
	runtime.LockOSThread()
	// A group of our own, so that Ctrl-C at the parent's terminal leaves the order of ending to us.
	// It fails only for the leader of a session, which has such a group already.
	_ = syscall.Setpgid(0, 0)

	ctx, commands := lifetime()
	s, err := startWithFreePorts(ctx, opts)
	if err != nil {
		return unlessEnded(ctx, err)
	}
	defer s.end()
	if err := json.NewEncoder(os.Stdout).Encode(s.report()); err != nil {
		return err
	}
	return s.serve(ctx, commands)
}

// lifetime ends with stdin, whose other end the parent holds: however the parent dies, we notice. Or with a signal.
func lifetime() (context.Context, <-chan string) {
	// SIGPIPE would kill us without cleaning up when the parent is gone and we write an answer.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
	// Buffered, so that the end of stdin is seen while a command is still being carried out.
	commands := make(chan string, 64)
	go func() {
		defer cancel()
		lines := bufio.NewScanner(os.Stdin)
		for lines.Scan() {
			commands <- lines.Text()
		}
	}()
	return ctx, commands
}

// startWithFreePorts starts everything, with other ports if one was taken meanwhile.
func startWithFreePorts(ctx context.Context, opts options) (*supervisor, error) {
	var err error
	for range startAttempts {
		var s *supervisor
		if s, err = newSupervisor(opts); err != nil {
			return nil, err
		}
		if err = s.start(ctx); err == nil {
			return s, nil
		}
		s.end()
		if !strings.Contains(err.Error(), "address already in use") {
			break
		}
	}
	return nil, err
}

// unlessEnded turns a start that was broken off from outside into an orderly end.
func unlessEnded(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

func parseOptions(args []string) (options, error) {
	var opts options
	flags := flag.NewFlagSet("controlplane up", flag.ContinueOnError)
	flags.Usage = func() {
		fmt.Fprint(flags.Output(), upUsage)
		flags.PrintDefaults()
	}
	flags.StringVar(&opts.dir, "dir", "", "new or empty `directory` for data, logs and credentials")
	flags.StringVar(&opts.kwok, "kwok", "", "`path` of the kwok binary")
	flags.StringVar(&opts.etcd, "etcd", "", "`path` of another etcd (default: the one in this binary)")
	flags.StringVar(&opts.apiserver, "kube-apiserver", "", "`path` of another kube-apiserver (default: the one in this binary)")
	flags.Func("stages", "`directory` or glob of kwok stages; may be repeated", func(pattern string) error {
		files, err := stageFiles(pattern)
		opts.stages = append(opts.stages, files...)
		return err
	})
	if err := flags.Parse(args); err != nil {
		return opts, err
	}
	return opts, opts.check(flags.Args())
}

func (o options) check(rest []string) error {
	switch {
	case len(rest) > 0:
		return fmt.Errorf("unexpected argument %q", rest[0])
	case o.dir == "":
		return errors.New("--dir is missing")
	case o.kwok == "":
		return errors.New("--kwok is missing: nothing would run the pods")
	case len(o.stages) == 0:
		return errors.New("--stages is missing: kwok has none built in, so no node or pod would ever become ready")
	}
	return nil
}

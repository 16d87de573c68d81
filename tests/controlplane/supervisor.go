package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"
)

// pollEvery is how often a condition is tested that we wait for.
const pollEvery = 50 * time.Millisecond

// endGrace is how long a part may take to end by itself before it is killed.
const endGrace = 3 * time.Second

// supervisor runs the parts. All its methods belong to one goroutine: the one whose thread the children depend on.
type supervisor struct {
	files files
	api   *client
	parts []*part
	exits chan *process
	// fatal is an unexpected death that was seen while a command was carried out.
	fatal error
}

func newSupervisor(opts options) (*supervisor, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	ports, err := freePorts()
	if err != nil {
		return nil, err
	}
	files, err := writeFiles(opts.dir, ports)
	if err != nil {
		return nil, err
	}
	return &supervisor{
		files: files,
		api:   newClient(files),
		parts: newParts(self, opts, files, ports),
		exits: make(chan *process, 16),
	}, nil
}

// start starts each part as soon as what it needs is there, and returns when a pod could run.
func (s *supervisor) start(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()
	for _, p := range s.parts {
		if err := s.startPart(ctx, p); err != nil {
			return err
		}
	}
	if err := s.until(ctx, s.part(kubeControllerManager), "the ServiceAccount default/default", s.api.hasDefaultServiceAccount); err != nil {
		return err
	}
	return s.until(ctx, s.part(kwok), "node "+nodeName+" to be Ready", s.api.nodeReady)
}

// startPart returns when the part answers, where others depend on that.
func (s *supervisor) startPart(ctx context.Context, p *part) error {
	if err := p.start(s.exits); err != nil {
		return err
	}
	switch p.name {
	case etcd:
		return s.until(ctx, p, "etcd to answer", s.api.etcdReady)
	case kubeAPIServer:
		if err := s.until(ctx, p, "/readyz to say ok", s.api.ready); err != nil {
			return err
		}
		return s.until(ctx, p, "the first objects to be accepted", s.api.createObjects)
	}
	return nil
}

// until polls a condition; the death of any part ends the wait at once.
func (s *supervisor) until(ctx context.Context, p *part, what string, holds func(context.Context) error) error {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		last := holds(ctx)
		if last == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s: waited in vain for %s: %w\n%s", p.name, what, last, p.logTail())
		case gone := <-s.exits:
			if !gone.expected {
				s.fatal = gone.failure()
				return s.fatal
			}
		case <-tick.C:
		}
	}
}

// serve carries out commands until the context ends or a part dies that was not told to.
func (s *supervisor) serve(ctx context.Context, commands <-chan string) error {
	for s.fatal == nil {
		select {
		case <-ctx.Done():
			return nil
		case gone := <-s.exits:
			if !gone.expected {
				return gone.failure()
			}
		case line := <-commands:
			fmt.Println(s.answer(ctx, line))
		}
	}
	return s.fatal
}

// answer carries out one command. The answer is one line, whatever an error's text is.
func (s *supervisor) answer(ctx context.Context, line string) string {
	text, err := s.command(ctx, strings.Fields(line))
	if err != nil {
		return "error " + strings.ReplaceAll(err.Error(), "\n", " | ")
	}
	return "ok " + text
}

func (s *supervisor) command(ctx context.Context, words []string) (string, error) {
	if len(words) != 2 {
		return "", errors.New("expected: kill|stop|cont|start PART")
	}
	p := s.part(words[1])
	if p == nil {
		return "", fmt.Errorf("there is no part %q", words[1])
	}
	switch words[0] {
	case "kill":
		return p.name + " killed", p.kill()
	case "stop":
		return p.name + " stopped", p.signal(syscall.SIGSTOP)
	case "cont":
		return p.name + " continued", p.signal(syscall.SIGCONT)
	case "start":
		return s.restart(ctx, p)
	}
	return "", fmt.Errorf("there is no command %q", words[0])
}

func (s *supervisor) restart(ctx context.Context, p *part) (string, error) {
	if p.running() {
		return "", fmt.Errorf("%s is running", p.name)
	}
	ctx, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()
	if err := s.startPart(ctx, p); err != nil {
		return "", err
	}
	return fmt.Sprintf("%s %d", p.name, p.pid()), nil
}

// end stops all parts in reverse order: an API server without its etcd would hang on its port for minutes.
func (s *supervisor) end() {
	for _, p := range slices.Backward(s.parts) {
		p.terminate()
		if p.name == kubeAPIServer || p.name == etcd || p.name == kubeControllerManager {
			s.awaitEnd()
		}
	}
	s.files.removeData()
}

// awaitEnd waits for all parts that were told to end, and kills those that take too long.
func (s *supervisor) awaitEnd() {
	grace := time.After(endGrace)
	for _, p := range s.parts {
		if p.running() && p.process.expected {
			p.awaitEnd(grace)
		}
	}
}

func (s *supervisor) part(name string) *part {
	for _, p := range s.parts {
		if p.name == name {
			return p
		}
	}
	return nil
}

func (s *supervisor) report() report {
	pids := make(map[string]int)
	for _, p := range s.parts {
		pids[p.name] = p.pid()
	}
	f := s.files
	return report{f.kubeconfig, f.server, f.caFile, f.token, f.auditLog, f.logs, pids}
}

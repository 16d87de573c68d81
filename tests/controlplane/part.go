package main

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// tailLines is how much of a log an error shows.
const tailLines = 15

// part is one program of the control plane. It may be started several times, one after the other.
type part struct {
	name    string
	path    string
	args    []string
	home    string
	log     string
	process *process
}

// process is one run of a part.
type process struct {
	part *part
	cmd  *exec.Cmd
	// gone is closed once the process has ended and was waited for.
	gone chan struct{}
	// expected says that we ended it ourselves.
	expected bool
}

// start starts the part's process, which will report its end on exits.
func (p *part) start(exits chan<- *process) error {
	log, err := os.OpenFile(p.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.Command(p.path, p.args...)
	cmd.Stdout, cmd.Stderr = log, log
	// Nothing of the user's may configure a part: ETCD_* variables, ~/.kwok/kwok.yaml, ~/.kube/config.
	cmd.Env = []string{"HOME=" + p.home, "TMPDIR=" + os.TempDir(), "PATH=" + os.Getenv("PATH")}
	// Killed with us, even if we are killed; and no Ctrl-C of the terminal, so that we decide the order.
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("%s: %w", p.name, err)
	}
	p.process = &process{part: p, cmd: cmd, gone: make(chan struct{})}
	go p.process.wait(exits)
	return nil
}

func (r *process) wait(exits chan<- *process) {
	_ = r.cmd.Wait()
	close(r.gone)
	exits <- r
}

// failure describes a death that nobody asked for.
func (r *process) failure() error {
	return fmt.Errorf("%s ended unexpectedly: %s\n%s", r.part.name, r.cmd.ProcessState, r.part.logTail())
}

func (p *part) running() bool {
	if p.process == nil {
		return false
	}
	select {
	case <-p.process.gone:
		return false
	default:
		return true
	}
}

func (p *part) pid() int {
	return p.process.cmd.Process.Pid
}

func (p *part) signal(signal syscall.Signal) error {
	if !p.running() {
		return fmt.Errorf("%s is not running", p.name)
	}
	return p.process.cmd.Process.Signal(signal)
}

// kill returns when the process is gone.
func (p *part) kill() error {
	if !p.running() {
		return fmt.Errorf("%s is not running", p.name)
	}
	p.process.expected = true
	if err := p.process.cmd.Process.Kill(); err != nil {
		return fmt.Errorf("%s: %w", p.name, err)
	}
	<-p.process.gone
	return nil
}

// terminate asks the process to end. A stopped process sees SIGTERM only once it continues.
func (p *part) terminate() {
	if !p.running() {
		return
	}
	p.process.expected = true
	_ = p.process.cmd.Process.Signal(syscall.SIGTERM)
	_ = p.process.cmd.Process.Signal(syscall.SIGCONT)
}

// awaitEnd kills the process if it is still there after the grace.
func (p *part) awaitEnd(grace <-chan time.Time) {
	select {
	case <-p.process.gone:
	case <-grace:
		_ = p.process.cmd.Process.Kill()
		<-p.process.gone
	}
}

// logTail returns the last lines of the log, with its path.
func (p *part) logTail() string {
	text, err := os.ReadFile(p.log)
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return fmt.Sprintf("last lines of %s:\n%s", p.log, strings.Join(lines[max(0, len(lines)-tailLines):], "\n"))
}

// Command controlplane is one binary with all parts of a Kubernetes control plane, and `up`, which runs them together.
//
// One binary because the parts share nearly all of their code: together they link to 134 MB, apart to four times that.
package main

import (
	"fmt"
	"os"

	"go.etcd.io/etcd/server/v3/etcdmain"
	"k8s.io/component-base/cli"
	kubectl "k8s.io/kubectl/pkg/cmd"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllermanager "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
)

// programs are the subcommands. Each reads os.Args and returns an exit code.
var programs = map[string]func() int{
	"up":                      up,
	"etcd":                    func() int { etcdmain.Main(os.Args); return 0 },
	"kube-apiserver":          func() int { return cli.Run(apiserver.NewAPIServerCommand()) },
	"kube-controller-manager": func() int { return cli.Run(controllermanager.NewControllerManagerCommand()) },
	"kube-scheduler":          func() int { return cli.Run(scheduler.NewSchedulerCommand()) },
	"kubectl":                 func() int { return cli.Run(kubectl.NewDefaultKubectlCommand()) },
}

const usage = `usage: controlplane PROGRAM [ARGUMENT...]

  up        run a whole control plane (controlplane up -h)
  etcd, kube-apiserver, kube-controller-manager, kube-scheduler, kubectl
            the upstream program of that name
`

func main() {
	if len(os.Args) < 2 {
		exitWithUsage("which program?")
	}
	program, known := programs[os.Args[1]]
	if !known {
		exitWithUsage(fmt.Sprintf("there is no program %q", os.Args[1]))
	}
	// The upstream programs expect their own name as the first argument.
	os.Args = os.Args[1:]
	os.Exit(program())
}

func exitWithUsage(problem string) {
	fmt.Fprintf(os.Stderr, "controlplane: %s\n\n%s", problem, usage)
	os.Exit(2)
}

package main

import (
	"fmt"
	"path/filepath"
)

// The parts' names, in reports, commands and log files.
const (
	etcd                  = "etcd"
	kubeAPIServer         = "kube-apiserver"
	kubeControllerManager = "kube-controller-manager"
	kubeScheduler         = "kube-scheduler"
	kwok                  = "kwok"
)

// newParts returns the parts in the order of their start.
func newParts(self string, opts options, f files, ports ports) []*part {
	own := func(name string, args []string) *part {
		return f.newPart(name, self, append([]string{name}, args...))
	}
	foreignOrOwn := func(name, path string, args []string) *part {
		if path == "" {
			return own(name, args)
		}
		return f.newPart(name, path, args)
	}
	return []*part{
		foreignOrOwn(etcd, opts.etcd, etcdFlags(f)),
		foreignOrOwn(kubeAPIServer, opts.apiserver, apiServerFlags(f, ports)),
		own(kubeControllerManager, controllerManagerFlags(f)),
		own(kubeScheduler, schedulerFlags(f)),
		f.newPart(kwok, opts.kwok, kwokFlags(f, opts.stages)),
	}
}

func (f files) newPart(name, path string, args []string) *part {
	return &part{name: name, path: path, args: args, home: f.dir, log: filepath.Join(f.logs, name+".log")}
}

// No fsync: the data does not outlive the supervisor, and the disk would be what we measure.
// The name tells this etcd from any other. The only member of a cluster never dials its peer port, so any port will do.
func etcdFlags(f files) []string {
	return []string{
		"--name=" + f.etcdName,
		"--data-dir=" + f.data,
		"--listen-client-urls=" + f.etcdURL,
		"--advertise-client-urls=" + f.etcdURL,
		"--listen-peer-urls=http://127.0.0.1:0",
		"--unsafe-no-fsync",
		"--log-level=warn",
	}
}

// TaintNodesByCondition would taint the node, and the controller that removes the taint is off (see below).
// OwnerReferencesPermissionEnforcement is off by default but on in OpenShift, and it decides which permissions an operator needs.
func apiServerFlags(f files, ports ports) []string {
	return []string{
		"--etcd-servers=" + f.etcdURL,
		fmt.Sprintf("--secure-port=%d", ports.server),
		"--bind-address=127.0.0.1",
		"--advertise-address=127.0.0.1",
		"--endpoint-reconciler-type=none",
		"--service-cluster-ip-range=10.0.0.0/16",
		"--tls-cert-file=" + f.serverCert,
		"--tls-private-key-file=" + f.serverKey,
		"--token-auth-file=" + f.tokens,
		"--authorization-mode=Node,RBAC",
		"--enable-admission-plugins=OwnerReferencesPermissionEnforcement",
		"--disable-admission-plugins=TaintNodesByCondition",
		"--service-account-key-file=" + f.signingKey,
		"--service-account-signing-key-file=" + f.signingKey,
		"--service-account-issuer=https://kubernetes.default.svc",
		"--audit-policy-file=" + f.auditPolicy,
		"--audit-log-path=" + f.auditLog,
		// In MB; the default would rotate the log away under a test that counts requests.
		"--audit-log-maxsize=100000",
	}
}

// Nobody renews the lease of a node that kwok simulates, so the node lifecycle controller would take its pods away.
// Port 0: no metrics, and one port less to collide. The higher rates keep this part from being what a benchmark measures.
func controllerManagerFlags(f files) []string {
	return []string{
		"--kubeconfig=" + f.kubeconfig,
		"--service-account-private-key-file=" + f.signingKey,
		"--root-ca-file=" + f.caFile,
		"--leader-elect=false",
		"--controllers=*,-node-ipam-controller,-cloud-node-lifecycle-controller,-node-lifecycle-controller",
		"--secure-port=0",
		"--kube-api-qps=200",
		"--kube-api-burst=400",
	}
}

func schedulerFlags(f files) []string {
	return []string{
		"--kubeconfig=" + f.kubeconfig,
		"--leader-elect=false",
		"--secure-port=0",
		"--kube-api-qps=200",
		"--kube-api-burst=400",
	}
}

// Without node leases: with them pods stay Pending for 40 s after a restart of kwok. Node port 0: kwok serves nothing.
func kwokFlags(f files, stages []string) []string {
	flags := []string{
		"--kubeconfig=" + f.kubeconfig,
		"--manage-all-nodes",
		"--cidr=10.244.0.0/16",
		"--node-ip=10.1.0.1",
		"--node-port=0",
	}
	for _, file := range stages {
		flags = append(flags, "--config="+file)
	}
	return flags
}

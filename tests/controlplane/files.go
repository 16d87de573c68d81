package main

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

const auditPolicy = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules: [{level: Metadata}]
`

// files are the paths below the one directory, and the secret in them that clients need.
type files struct {
	dir, data, logs                  string
	caFile, serverCert, serverKey    string
	signingKey, tokens, kubeconfig   string
	auditPolicy, auditLog            string
	server, token, etcdURL, etcdName string
}

// writeFiles makes the directory and writes all that the parts read.
func writeFiles(dir string, ports ports) (files, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return files{}, err
	}
	f := newFiles(dir, ports)
	if _, err := os.Stat(f.data); !errors.Is(err, fs.ErrNotExist) {
		return f, fmt.Errorf("%s is used by another control plane, or was not cleaned up: choose a new directory", dir)
	}
	// What an earlier run left behind would be read as this run's.
	if err := errors.Join(os.RemoveAll(f.logs), os.RemoveAll(f.auditLog), os.MkdirAll(f.logs, 0o700)); err != nil {
		return f, err
	}
	return f, f.write()
}

func newFiles(dir string, ports ports) files {
	in := func(name string) string { return filepath.Join(dir, name) }
	return files{
		dir: dir, data: in("etcd"), logs: in("logs"),
		caFile: in("ca.crt"), serverCert: in("server.crt"), serverKey: in("server.key"),
		signingKey: in("service-account.key"), tokens: in("tokens.csv"), kubeconfig: in("kubeconfig"),
		auditPolicy: in("audit-policy.yaml"), auditLog: in("audit.log"),
		server:   fmt.Sprintf("https://127.0.0.1:%d", ports.server),
		token:    rand.Text(),
		etcdURL:  fmt.Sprintf("http://127.0.0.1:%d", ports.etcd),
		etcdName: rand.Text(),
	}
}

func (f files) write() error {
	pki, err := newPKI()
	if err != nil {
		return err
	}
	kubeconfig, err := f.kubeconfigText(pki.ca)
	if err != nil {
		return err
	}
	for path, content := range map[string][]byte{
		f.caFile:      pki.ca,
		f.serverCert:  pki.serverCert,
		f.serverKey:   pki.serverKey,
		f.signingKey:  pki.signingKey,
		f.tokens:      []byte(f.token + `,admin,admin,"system:masters"` + "\n"),
		f.auditPolicy: []byte(auditPolicy),
		f.kubeconfig:  kubeconfig,
	} {
		if err := os.WriteFile(path, content, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// kubeconfigText is the administrator's kubeconfig, as JSON, which is YAML too.
func (f files) kubeconfigText(ca []byte) ([]byte, error) {
	type object = map[string]any
	named := func(key string, value object) []object {
		return []object{{"name": "controlplane", key: value}}
	}
	return json.MarshalIndent(object{
		"apiVersion":      "v1",
		"kind":            "Config",
		"clusters":        named("cluster", object{"server": f.server, "certificate-authority-data": ca}),
		"users":           named("user", object{"token": f.token}),
		"contexts":        named("context", object{"cluster": "controlplane", "user": "controlplane"}),
		"current-context": "controlplane",
	}, "", "  ")
}

// removeData removes what nobody can use any more and is big; logs stay.
func (f files) removeData() {
	_ = os.RemoveAll(f.data)
}

// stageFiles resolves a directory or a glob to the stage files in it.
func stageFiles(pattern string) ([]string, error) {
	if info, err := os.Stat(pattern); err == nil && info.IsDir() {
		pattern = filepath.Join(pattern, "*.yaml")
	}
	found, err := filepath.Glob(pattern)
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("no file matches %s", pattern)
	}
	return found, nil
}

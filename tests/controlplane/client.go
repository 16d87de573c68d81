package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"
)

// nodeName is the one node; kwok makes it and its pods look alive.
const nodeName = "node-0"

const node = `{
	"apiVersion": "v1", "kind": "Node",
	"metadata": {"name": "` + nodeName + `", "labels": {"kubernetes.io/hostname": "` + nodeName + `"}}
}`

// storageClass is the default, by the name that kwok's stages for volumes look for.
const storageClass = `{
	"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass",
	"metadata": {"name": "kwok-volume", "annotations": {"storageclass.kubernetes.io/is-default-class": "true"}},
	"provisioner": "kwok.x-k8s.io/volume"
}`

// client asks the API server the few things that `up` wants to know.
type client struct {
	http  *http.Client
	files files
}

func newClient(f files) *client {
	pool := x509.NewCertPool()
	if ca, err := os.ReadFile(f.caFile); err == nil {
		pool.AppendCertsFromPEM(ca)
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}
	// A stopped or half-dead server accepts connections and never answers.
	return &client{http: &http.Client{Transport: transport, Timeout: 2 * time.Second}, files: f}
}

// etcdReady asks for etcd's name too: another control plane may have taken the port just before ours could,
// and our API server would then write into that one's data.
func (c *client) etcdReady(ctx context.Context) error {
	members, err := c.call(ctx, http.MethodPost, c.files.etcdURL+"/v3/cluster/member/list", "{}")
	if err == nil && !strings.Contains(string(members), c.files.etcdName) {
		err = errors.New("another etcd answers at " + c.files.etcdURL)
	}
	return err
}

func (c *client) ready(ctx context.Context) error {
	_, err := c.call(ctx, http.MethodGet, c.files.server+"/readyz", "")
	return err
}

// createObjects creates what kwok's stages act on but do not bring along. It is content with what exists: after a restart it does.
func (c *client) createObjects(ctx context.Context) error {
	if err := c.create(ctx, "/api/v1/nodes", node); err != nil {
		return err
	}
	return c.create(ctx, "/apis/storage.k8s.io/v1/storageclasses", storageClass)
}

func (c *client) create(ctx context.Context, path, object string) error {
	_, err := c.call(ctx, http.MethodPost, c.files.server+path, object)
	if status, ok := errors.AsType[statusError](err); ok && status.code == http.StatusConflict {
		return nil
	}
	return err
}

func (c *client) hasDefaultServiceAccount(ctx context.Context) error {
	_, err := c.call(ctx, http.MethodGet, c.files.server+"/api/v1/namespaces/default/serviceaccounts/default", "")
	return err
}

func (c *client) nodeReady(ctx context.Context) error {
	body, err := c.call(ctx, http.MethodGet, c.files.server+"/api/v1/nodes/"+nodeName, "")
	if err != nil {
		return err
	}
	var node struct {
		Status struct {
			Conditions []struct{ Type, Status string }
		}
	}
	if err := json.Unmarshal(body, &node); err != nil {
		return err
	}
	for _, condition := range node.Status.Conditions {
		if condition.Type == "Ready" && condition.Status == "True" {
			return nil
		}
	}
	return errors.New("its condition Ready is not True")
}

// statusError is an answer other than 2xx.
type statusError struct {
	code int
	text string
}

func (e statusError) Error() string { return e.text }

func (c *client) call(ctx context.Context, method, url, body string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+c.files.token)
	request.Header.Set("Content-Type", "application/json")
	response, err := c.http.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode/100 != 2 {
		err = statusError{response.StatusCode, fmt.Sprintf("%s %s: %s: %s", method, url, response.Status, answer)}
	}
	return answer, err
}

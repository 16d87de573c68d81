package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
)

// Ports are taken from below the range from which Linux takes those of outgoing connections (32768 and up):
// otherwise a client that keeps dialing a killed API server could be given that very port and block its restart.
const (
	lowestPort  = 20000
	highestPort = 32000
)

// ports are the only two that anything listens on and that anybody has to know.
type ports struct {
	etcd, server int
}

func freePorts() (ports, error) {
	etcd, err := freePort()
	if err != nil {
		return ports{}, err
	}
	server, err := freePort()
	for err == nil && server == etcd {
		server, err = freePort()
	}
	return ports{etcd: etcd, server: server}, err
}

// freePort returns a port that is free now. Somebody may still take it before we use it.
func freePort() (int, error) {
	for range 200 {
		port := lowestPort + rand.IntN(highestPort-lowestPort)
		listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err == nil {
			return port, listener.Close()
		}
	}
	return 0, errors.New("found no free port on 127.0.0.1")
}

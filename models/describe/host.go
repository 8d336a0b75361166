package describe

import (
	"net"
	"net/url"
	"strings"
)

// Host is the server that images go to.
type Host struct {
	Name     string // with the port where the address states one
	Loopback bool   // it is this machine: images do not leave it
	Plain    bool   // what is sent there is not encrypted
}

// Host returns where images go.
func (d *Describer) Host() Host { return d.host }

func hostOf(u *url.URL) Host {
	name := strings.ToLower(u.Hostname())
	ip := net.ParseIP(name)
	// Other names, x.localhost too, may resolve to any machine, or go through a proxy.
	return Host{u.Host, name == "localhost" || ip != nil && ip.IsLoopback(), u.Scheme == "http"}
}

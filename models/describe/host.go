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
}

// Host returns where images go.
func (d *Describer) Host() Host { return d.host }

func hostOf(u *url.URL) Host {
	name := strings.ToLower(u.Hostname())
	ip := net.ParseIP(name)
	// Other names may be resolved, or sent through a proxy, to anywhere: x.localhost too.
	return Host{u.Host, name == "localhost" || ip != nil && ip.IsLoopback()}
}

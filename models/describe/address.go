package describe

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"

	"golang.org/x/net/http/httpproxy"
)

// address is where requests go.
type address struct {
	base  *url.URL // up to before /chat/completions
	query string   // of Azure: the version of its API
	azure bool     // whose key stands in a header of its own
}

// azureVersion is the version of Azure's API where the address states none: the last that is not a preview, by
// its documentation of 2024-10-21.
const azureVersion = "2024-10-21"

// addressOf reads the API's address. It keeps secrets and typing errors out of it: it is shown. Azure's may have
// the deployment and api-version, as its portal shows them; without a deployment that is called as the model.
func addressOf(s, model string) (address, error) {
	if s == "" {
		s = DefaultBaseURL
	}
	u, err := url.Parse(strings.TrimSpace(s))
	if err != nil {
		return address{}, errors.New("the API's address can't be read as an address")
	}
	host := strings.ToLower(u.Hostname())
	a := address{base: u, azure: strings.HasSuffix(host, ".openai.azure.com") || strings.HasSuffix(host, ".cognitiveservices.azure.com") || strings.HasSuffix(host, ".services.ai.azure.com") ||
		strings.Contains(u.Path, "/openai/deployments/") || u.Query().Has("api-version")}
	u.Path = strings.TrimSuffix(strings.TrimRight(u.Path, "/"), "/chat/completions")
	u.RawPath = ""
	if a.azure {
		if query := u.Query(); len(query) == 1 && query.Has("api-version") {
			a.query, u.RawQuery = query.Encode(), ""
		}
		if u.Path == "" || u.Path == "/openai" {
			u.Path = "/openai/deployments/" + model
		}
		if strings.Contains(u.Path, "/deployments/") && a.query == "" {
			a.query = url.Values{"api-version": {azureVersion}}.Encode()
		}
	}
	switch {
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return address{}, fmt.Errorf("the API's address at %q has a user, a query or a fragment: keys go into the key's own variable", u.Host)
	case u.Scheme != "http" && u.Scheme != "https", u.Hostname() == "":
		return address{}, errors.New("the API's address must begin with http:// or https:// and a host")
	}
	return a, nil
}

// apply makes a request one for this address.
func (a address) apply(r *http.Request) {
	if !a.azure {
		return
	}
	r.URL.RawQuery = a.query
	if key, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok && key != "" {
		r.Header.Set("Api-Key", key)
	}
	r.Header.Del("Authorization")
}

// String is the address as answers are kept by it.
func (a address) String() string {
	if a.query == "" {
		return a.base.String()
	}
	return a.base.String() + "?" + a.query
}

// proxy is the one that the environment names: HTTPS_PROXY, HTTP_PROXY, or ALL_PROXY for both, which Go's own client
// does not know.
func proxy(r *http.Request) (*url.URL, error) { return proxies()(r.URL) }

var proxies = sync.OnceValue(func() func(*url.URL) (*url.URL, error) {
	config := httpproxy.FromEnvironment()
	all := os.Getenv("ALL_PROXY")
	if all == "" {
		all = os.Getenv("all_proxy")
	}
	if config.HTTPProxy == "" {
		config.HTTPProxy = all
	}
	if config.HTTPSProxy == "" {
		config.HTTPSProxy = all
	}
	return config.ProxyFunc()
})

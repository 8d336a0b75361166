package runner

/*
#include "ort_api.h"

// Of version 24 of the API, which is the least that a library here has.
enum {
	SESSION_GET_EP_GRAPH_ASSIGNMENT_INFO = 407,
	EP_ASSIGNED_SUBGRAPH_GET_EP_NAME = 408,
	EP_ASSIGNED_SUBGRAPH_GET_NODES = 409,
	EP_ASSIGNED_NODE_GET_OPERATOR_TYPE = 412,
};

// What these return belongs to the session.

static int assigned_subgraphs(void **api, void *session, void ***subgraphs, size_t *count, char *message, size_t n) {
	void *(CALL *get)(void *, void ***, size_t *) = api[SESSION_GET_EP_GRAPH_ASSIGNMENT_INFO];
	return refused(api, get(session, subgraphs, count), message, n);
}

static int assigned_nodes(void **api, void *subgraph, const char **provider, void ***nodes, size_t *count, char *message, size_t n) {
	void *(CALL *name)(void *, const char **) = api[EP_ASSIGNED_SUBGRAPH_GET_EP_NAME];
	void *(CALL *get)(void *, void ***, size_t *) = api[EP_ASSIGNED_SUBGRAPH_GET_NODES];
	return refused(api, name(subgraph, provider), message, n) || refused(api, get(subgraph, nodes, count), message, n);
}

static int assigned_operator(void **api, void *node, const char **op, char *message, size_t n) {
	void *(CALL *get)(void *, const char **) = api[EP_ASSIGNED_NODE_GET_OPERATOR_TYPE];
	return refused(api, get(node, op), message, n);
}
*/
import "C"

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unsafe"

	ort "github.com/yalue/onnxruntime_go"

	"ortho/runner/library"
)

// recordAssigned is the session's setting without which it keeps no assignment.
const recordAssigned = "session.record_ep_graph_assignment_info"

// assignment is the nodes that each provider runs, by operator.
type assignment map[string]map[string]int

// nodes counts the nodes of each provider; nil where nothing is known.
func (a assignment) nodes() map[string]int {
	if a == nil {
		return nil
	}
	counts := map[string]int{}
	for provider, ops := range a {
		for _, n := range ops {
			counts[provider] += n
		}
	}
	return counts
}

// assigned asks a session, which was made with recordAssigned, which provider runs which
// nodes. They are those of the graph after ONNX Runtime's basic optimisations. onnxruntime_go
// has no such call, and its sessions begin with ONNX Runtime's own.
func assigned(lib library.Found, session *ort.DynamicAdvancedSession) (assignment, error) {
	table, err := lib.API()
	if err != nil {
		return nil, err
	}
	api := (*unsafe.Pointer)(table)
	native := **(**unsafe.Pointer)(unsafe.Pointer(session))
	var message [256]C.char
	var subgraphs, nodes *unsafe.Pointer
	var count C.size_t
	var text *C.char
	fail := func() (assignment, error) {
		return nil, errors.New("which provider runs which nodes: " + C.GoString(&message[0]))
	}
	if C.assigned_subgraphs(api, native, &subgraphs, &count, &message[0], C.size_t(len(message))) != 0 {
		return fail()
	}
	a := assignment{}
	for _, subgraph := range unsafe.Slice(subgraphs, count) {
		var n C.size_t
		if C.assigned_nodes(api, subgraph, &text, &nodes, &n, &message[0], C.size_t(len(message))) != 0 {
			return fail()
		}
		provider := library.ProviderName(C.GoString(text))
		if a[provider] == nil {
			a[provider] = map[string]int{}
		}
		for _, node := range unsafe.Slice(nodes, n) {
			if C.assigned_operator(api, node, &text, &message[0], C.size_t(len(message))) != 0 {
				return fail()
			}
			a[provider][C.GoString(text)]++
		}
	}
	return a, nil
}

// idle returns why a provider has no part in a graph: it runs none of its nodes, and others
// run them all.
func idle(p Provider, nodes map[string]int) error {
	all := 0
	for _, n := range nodes {
		all += n
	}
	if all == 0 || nodes[p.Name] > 0 {
		return nil
	}
	return &ProviderError{Provider: p.Name, Reason: fmt.Errorf("it runs 0 of the graph's %d nodes%s", all, p.withOptions())}
}

// withOptions names a provider's options, as far as there are any.
func (p Provider) withOptions() string {
	var options []string
	for _, key := range slices.Sorted(maps.Keys(p.Options)) {
		options = append(options, key+"="+p.Options[key])
	}
	if options == nil {
		return ""
	}
	return " with " + strings.Join(options, " ")
}

// NeedsCPUError says that the providers asked for don't run all of a graph, and that the CPU,
// which would run the rest, is not among them.
type NeedsCPUError struct {
	Providers []Provider // those asked for, in order
	Left, All int        // nodes that they leave, and all; 0: not known
	Operators []string   // of those that they leave, sorted
}

func (e *NeedsCPUError) Error() string {
	const most = 5
	var names []string
	options := ""
	for _, p := range e.Providers {
		names = append(names, p.Name)
		options += p.withOptions()
	}
	what := "some of the graph's nodes"
	if e.All > 0 {
		ops := strings.Join(e.Operators[:min(most, len(e.Operators))], ", ")
		if len(e.Operators) > most {
			ops += ", ..."
		}
		what = fmt.Sprintf("%d of the graph's %d nodes (%s)", e.Left, e.All, ops)
	}
	return fmt.Sprintf("%s can't run %s%s, and the CPU, which could, is not among the providers asked for", strings.Join(names, " and "), what, options)
}

// needsCPU says what was left to the CPU.
func needsCPU(providers []Provider, a assignment) *NeedsCPUError {
	e := &NeedsCPUError{Providers: providers, Operators: slices.Sorted(maps.Keys(a[CPU]))}
	for provider, n := range a.nodes() {
		e.All += n
		if provider == CPU {
			e.Left = n
		}
	}
	return e
}

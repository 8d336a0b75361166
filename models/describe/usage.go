package describe

import (
	"sync"

	"github.com/sashabaranov/go-openai"
)

// Usage is tokens, as the server counts them.
type Usage struct {
	Requests   int `json:"requests"` // that were answered
	Prompt     int `json:"prompt_tokens"`
	Cached     int `json:"cached_tokens"` // of Prompt, that the server had at hand
	Completion int `json:"completion_tokens"`
	Reasoning  int `json:"reasoning_tokens"` // of Completion, that nobody sees
}

// Total is what is paid for: prompt and completion.
func (u Usage) Total() int { return u.Prompt + u.Completion }

// Add adds what something else has cost.
func (u *Usage) Add(v Usage) {
	u.Requests += v.Requests
	u.Prompt += v.Prompt
	u.Completion += v.Completion
	u.Cached += v.Cached
	u.Reasoning += v.Reasoning
}

func usageOf(u *openai.Usage) Usage {
	sane := func(n int) int { return min(max(n, 0), 1<<30) } // sums can't overflow
	v := Usage{Requests: 1, Prompt: sane(u.PromptTokens), Completion: sane(u.CompletionTokens)}
	if u.PromptTokensDetails != nil {
		v.Cached = sane(u.PromptTokensDetails.CachedTokens)
	}
	if u.CompletionTokensDetails != nil {
		v.Reasoning = sane(u.CompletionTokensDetails.ReasoningTokens)
	}
	return v
}

// ledger adds up what requests cost and holds it against the budget.
type ledger struct {
	budget int // 0: none
	most   int // requests; 0: no limit

	mutex    sync.Mutex
	total    Usage
	asked    int // requests
	spent    int // with estimates where a server did not count
	reserved int // for requests under way
	largest  int // what one request cost at most so far; 0: not known yet
}

func (l *ledger) usage() Usage {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.total
}

// reserve sets aside what a request is likely to cost: estimate, until there are requests
// to go by. It fails where that goes beyond the budget.
func (l *ledger) reserve(estimate int) (int, error) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if l.largest > 0 {
		estimate = l.largest
	}
	if l.budget > 0 && l.spent+l.reserved+estimate > l.budget {
		return 0, failed("budget", "the budget of %d tokens does not allow another request: %d are spent, %d set aside for requests under way, and about %d needed",
			l.budget, l.spent, l.reserved, estimate)
	}
	if l.most > 0 && l.asked >= l.most {
		return 0, failed("budget", "%d requests have been sent, which are as many as are allowed", l.asked)
	}
	l.asked++
	l.reserved += estimate
	return estimate, nil
}

// settle puts what a request cost in the place of what was set aside.
func (l *ledger) settle(reserved int, r reply, answered bool) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.reserved -= reserved
	l.total.Add(r.usage)
	cost := r.usage.Total()
	if cost == 0 && answered {
		cost = reserved // the server does not count
	} else {
		l.largest = max(l.largest, cost)
	}
	l.spent += cost
}

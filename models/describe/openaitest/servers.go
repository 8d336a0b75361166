package openaitest

import (
	"encoding/json"
	"fmt"
	"net/http"
)

// Kind is a server that people run or pay, as its documentation and its code have it: how it answers,
// and how it refuses.
type Kind struct {
	Name  string
	Base  string              // of its address, behind the host
	Plays func(Answer) Answer // gives an answer, which is a description, its form
	// Busy is what passes; Never refuses one image, by the kind of error that it is to get.
	Busy  []Answer
	Never map[string]Answer
}

// said is what an answer writes, for those that give it another form.
type said struct {
	header http.Header
	status int
	body   []byte
}

func (s *said) Header() http.Header         { return s.header }
func (s *said) WriteHeader(status int)      { s.status = status }
func (s *said) Write(p []byte) (int, error) { s.body = append(s.body, p...); return len(p), nil }

// reformed changes the JSON of an answer that is not streamed.
func reformed(change func(completion, message map[string]any)) func(Answer) Answer {
	return func(a Answer) Answer {
		return func(w http.ResponseWriter, r *Request) {
			if r.Stream {
				a(w, r)
				return
			}
			s := &said{header: http.Header{}, status: 200}
			a(s, r)
			var completion map[string]any
			if s.status == 200 && json.Unmarshal(s.body, &completion) == nil {
				if choices, _ := completion["choices"].([]any); len(choices) > 0 {
					change(completion, choices[0].(map[string]any)["message"].(map[string]any))
				}
				s.body, _ = json.Marshal(completion)
			}
			for name := range s.header {
				if name != "Content-Length" {
					w.Header().Set(name, s.header.Get(name))
				}
			}
			w.WriteHeader(s.status)
			w.Write(s.body)
		}
	}
}

func refused(status int, body string, values ...any) Answer {
	return Raw(status, "application/json", fmt.Sprintf(body, values...))
}

// Kinds are eight of them.
func Kinds() []Kind {
	same := func(a Answer) Answer { return a }
	return []Kind{
		{"OpenAI", "/v1", same,
			[]Answer{With(Error(429, "tokens", "rate_limit_exceeded", "Rate limit reached for tokens per min"), "Retry-After-Ms", "20"), Error(500, "server_error", "", "The server had an error while processing your request"), Failing(503)},
			map[string]Answer{"refused": Refuse("I can't help with that."), "filtered": Error(400, "invalid_request_error", "content_policy_violation", "Your input image may contain content that is not allowed by our safety system.")}},
		{"Azure", "/openai/deployments/gpt4o", reformed(func(completion, message map[string]any) {
			completion["prompt_filter_results"] = []any{map[string]any{"prompt_index": 0, "content_filter_results": map[string]any{}}}
			message["content_filter_results"] = map[string]any{}
		}),
			[]Answer{refused(429, `{"error":{"code":"429","message":"Requests to the ChatCompletions_Create Operation have exceeded the call rate limit. Please retry after 1 second."}}`)},
			map[string]Answer{"filtered": refused(400, `{"error":{"message":"The response was filtered due to the prompt triggering Azure OpenAI's content management policy.","type":null,"param":"prompt","code":"content_filter","status":400,"innererror":{"code":"ResponsibleAIPolicyViolation"}}}`)}},
		{"OpenRouter", "/api/v1", reformed(func(completion, message map[string]any) {
			completion["provider"], completion["created"] = "x", 1758300000.5
			message["reasoning"], message["reasoning_details"] = nil, []any{}
		}),
			[]Answer{refused(429, `{"error":{"message":"Provider returned error","code":429,"metadata":{"raw":"{\"error\":{\"message\":\"Too many requests\"}}","provider_name":"x"}},"user_id":"u"}`),
				refused(200, "\n\n   \n"+`{"id":"gen-1","choices":[{"error":{"code":502,"message":"Upstream error"},"finish_reason":"error","message":{"role":"assistant","content":""}}]}`)},
			map[string]Answer{"filtered": refused(403, `{"error":{"code":403,"message":"x requires moderation, and your input was flagged","metadata":{"reasons":["violence"],"flagged_input":"..."}}}`)}},
		{"Ollama", "/v1", reformed(func(completion, message map[string]any) {
			completion["system_fingerprint"], message["reasoning"] = "fp_ollama", "Let me see."
		}),
			[]Answer{refused(503, `{"error":{"message":"server busy, please try again.  maximum pending requests exceeded","type":"api_error","param":null,"code":null}}`), refused(500, `{"error":"llama runner process has terminated: exit status 2"}`)},
			map[string]Answer{"request": refused(400, `{"error":{"message":"failed to decode image","type":"invalid_request_error","param":null,"code":null}}`)}},
		{"LM Studio", "/v1", reformed(func(completion, message map[string]any) {
			completion["stats"], message["tool_calls"] = map[string]any{}, []any{}
		}),
			[]Answer{refused(500, `{"error":"The model has crashed without additional information. (Exit code: 6)"}`)},
			map[string]Answer{"request": refused(400, `{"error":"Invalid image: Expected a base64 string"}`)}},
		{"vLLM", "/v1", reformed(func(completion, message map[string]any) {
			completion["prompt_logprobs"], message["reasoning_content"], message["function_call"] = nil, "A cat, I think.", nil
		}),
			[]Answer{refused(503, `{"object":"error","message":"The server is overloaded","type":"ServiceUnavailableError","param":null,"code":503}`), refused(500, `Internal Server Error`)},
			map[string]Answer{"request": refused(400, `{"object":"error","message":"cannot identify image file","type":"BadRequestError","param":null,"code":400}`)}},
		{"llama.cpp", "/v1", reformed(func(completion, message map[string]any) {
			completion["timings"], completion["id"] = map[string]any{"predicted_ms": 1.5}, 7
			message["content"] = "```json\n" + message["content"].(string) + "\n```\n"
		}),
			[]Answer{refused(503, `{"error":{"code":503,"message":"Loading model","type":"unavailable_error"}}`)},
			map[string]Answer{"request": refused(400, `{"error":{"code":400,"message":"Failed to load image or audio file","type":"invalid_request_error"}}`)}},
		{"Mistral", "/v1", reformed(func(_, message map[string]any) {
			message["content"] = []any{map[string]any{"type": "thinking", "thinking": []any{map[string]any{"type": "text", "text": "{hm}"}}}, map[string]any{"type": "text", "text": message["content"]}}
		}),
			[]Answer{refused(429, `{"object":"error","message":"Service tier capacity exceeded for this model.","type":"service_tier_capacity_exceeded","param":null,"code":"3505"}`)},
			map[string]Answer{"request": refused(400, `{"object":"error","message":"Image could not be loaded from the data url","type":"invalid_request_file","param":null,"code":"3310"}`)}},
	}
}

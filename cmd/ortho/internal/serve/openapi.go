package serve

import "strings"

// openAPI describes the routes.
func (s *Server) openAPI(c *call) error { return c.json(s.description()) }

// description is the routes as OpenAPI 3.1 has them.
func (s *Server) description() map[string]any {
	type object = map[string]any
	paths := map[string]object{}
	for _, r := range s.routes() {
		if strings.HasPrefix(r.path, "/page.") {
			continue
		}
		r.path = strings.TrimSuffix(r.path, "{$}")
		about := object{"summary": r.about, "responses": object{
			"200":     object{"description": "the answer"},
			"default": object{"description": "a status, and a sentence that says what was wrong", "content": object{"application/json": object{"schema": object{"$ref": "#/components/schemas/Error"}}}},
		}}
		var parameters []object
		for _, part := range strings.Split(r.path, "/") {
			if name, found := strings.CutPrefix(part, "{"); found {
				parameters = append(parameters, object{"name": strings.TrimSuffix(name, "}"), "in": "path", "required": true, "schema": object{"type": "string"}})
			}
		}
		if parameters != nil {
			about["parameters"] = parameters
		}
		if r.body {
			about["requestBody"] = object{"content": object{
				"application/json": object{}, "multipart/form-data": object{}, "application/octet-stream": object{}, "image/*": object{}}}
		}
		if r.open {
			about["security"] = []object{}
		}
		if paths[r.path] == nil {
			paths[r.path] = object{}
		}
		paths[r.path][strings.ToLower(r.method)] = about
	}
	return object{
		"openapi": "3.1.0",
		"info":    object{"title": "ortho", "version": s.opt.Version, "summary": "exported vision models that stay open"},
		"paths":   paths,
		"components": object{
			"schemas":         object{"Error": object{"type": "object", "properties": object{"error": object{}}, "required": []string{"error"}}},
			"securitySchemes": object{"token": object{"type": "http", "scheme": "bearer"}},
		},
		"security": []object{{"token": []string{}}, {}},
	}
}

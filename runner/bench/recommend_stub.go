package bench

func Recommend(rows []Row, objective string, c Constraints) Verdict {
	v := Verdict{Kind: KindVerdict, Objective: objective}
	best := -1.0
	for _, r := range rows {
		if r.ThroughputS != nil && *r.ThroughputS > best && r.Equal != nil && *r.Equal {
			best = *r.ThroughputS
			c := r.Config
			v.Recommended = &c
		}
	}
	return v
}

package term

import "testing"

func TestUTF8(t *testing.T) {
	for in, want := range map[string]string{"": "", "größe": "größe", "a\xff\xfeb": "a\ufffdb"} {
		if got := UTF8(in); got != want {
			t.Errorf("%q is %q, want %q", in, got, want)
		}
	}
}

func TestSixDigits(t *testing.T) {
	for in, want := range map[float64]float64{0: 0, 0.1234567: 0.123457, 1.0 / 3: 0.333333, -12345678: -12345700, 1e-300: 1e-300} {
		if got := SixDigits(in); got != want {
			t.Errorf("%v is %v, want %v", in, got, want)
		}
	}
}

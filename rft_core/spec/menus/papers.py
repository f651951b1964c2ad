"""The two papers that this project implements, as rows cite them."""

SCHEDULE_PAPER = "Ngnawé et al., Robust Fine-Tuning from Non-Robust Pretrained Models, ICLR 2026"
TRADEOFF_PAPER = "Li et al., On the Robustness Tradeoff in Fine-Tuning, ICCV 2025"

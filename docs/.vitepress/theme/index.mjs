/** The default theme, with indented code blocks that look like fenced ones and scroll by themselves. */
import DefaultTheme from 'vitepress/theme';
import './style.css';

export default DefaultTheme;
